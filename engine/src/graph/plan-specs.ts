import { FreshetError, SqlState } from "@freshet/base";
import {
  type Expression,
  type JoinPlan,
  type Plan,
  planInputs,
  type QueryPlan,
  type RecursivePlan,
  type ScanPlan,
} from "@freshet/sql";
import type { ColumnType, PgCollation, PgType } from "@freshet/values";
import { canonicalJson, sha256Hex } from "./canonical.ts";
import type { BodySpec, NodeSpec } from "./node-spec.ts";
import { ownSpec } from "./own-spec.ts";

/** A node that a plan needs, with its inputs; not yet part of a graph. Equal nodes are one object. */
export interface SpecNode {
  readonly hash: string;
  readonly spec: NodeSpec;
  readonly inputs: readonly SpecNode[];
  readonly columns: readonly ColumnType[];
  readonly types: readonly PgType[];
  readonly collations: readonly PgCollation[];
}

/** Where a scan finds its table: the table's node, and the positions of the attributes in its rows. */
export interface ScanTarget {
  readonly tableNode: number;
  readonly identity: "key" | "full";
  readonly tableColumns: readonly ColumnType[];
  readonly positions: readonly number[];
}

export type ResolveScan = (tableOid: number, attributes: readonly number[]) => ScanTarget;

/** The hash of a table's node: the same table loaded anew is another one. */
export function tableHash(nodeId: number): string {
  return `table ${nodeId}`;
}

function mentioned(text: string, pattern: RegExp): Set<number> {
  return new Set(Array.from(text.matchAll(pattern), (match) => Number(match[1])));
}

/** Turns a plan into nodes: joins get an arrange node on either side. */
export class PlanSpecs {
  readonly #query: QueryPlan;
  readonly #resolve: ResolveScan;
  readonly #nodes = new Map<string, SpecNode>();

  constructor(query: QueryPlan, resolve: ResolveScan) {
    this.#query = query;
    this.#resolve = resolve;
  }

  root(): SpecNode {
    return this.#plan(this.#query.plan);
  }

  #plan(plan: Plan): SpecNode {
    switch (plan.kind) {
      case "scan":
        return this.#scan(plan);
      case "join":
        return this.#join(plan);
      case "recursive":
        return this.#recursive(plan);
      default: {
        const inputs = planInputs(plan).map((input) => this.#plan(input));
        return this.#node(ownSpec(plan), inputs, plan.columns);
      }
    }
  }

  #scan(plan: ScanPlan): SpecNode {
    const target = this.#resolve(plan.tableOid, plan.attributes);
    const table = this.#table(plan.tableOid, target);
    const spec: NodeSpec = { kind: "source", positions: target.positions, tableColumns: target.tableColumns.length };
    return this.#node(spec, [table], plan.columns);
  }

  #recursive(plan: RecursivePlan): SpecNode {
    const spec: NodeSpec = { kind: "recursive", all: plan.all, nodes: bodySpecs(this.#plan(plan.body)) };
    const inputs = plan.inputs.map((input) => this.#plan(input));
    return this.#node(spec, inputs, plan.columns);
  }

  #join(plan: JoinPlan): SpecNode {
    const left = this.#plan(plan.left);
    const right = this.#plan(plan.right);
    const spec: NodeSpec = { kind: "join", join: plan.join, residual: plan.residual };
    const arranged = (input: SpecNode, keys: readonly Expression[]): SpecNode => {
      const { nullSafe } = plan;
      const arrange: NodeSpec = { kind: "arrange", keys, ...(nullSafe === undefined ? {} : { nullSafe }) };
      return this.#node(arrange, [input], input.columns);
    };
    return this.#node(spec, [arranged(left, plan.leftKeys), arranged(right, plan.rightKeys)], plan.columns);
  }

  /** A node over nodes of this plan. */
  make(spec: NodeSpec, inputs: readonly SpecNode[], columns: readonly ColumnType[]): SpecNode {
    return this.#node(spec, inputs, columns);
  }

  #table(tableOid: number, target: ScanTarget): SpecNode {
    const spec: NodeSpec = { kind: "table", tableOid, identity: target.identity };
    const hash = tableHash(target.tableNode);
    return { hash, spec, inputs: [], columns: target.tableColumns, types: [], collations: [] };
  }

  #node(spec: NodeSpec, inputs: readonly SpecNode[], columns: readonly ColumnType[]): SpecNode {
    const own = JSON.stringify({ spec, columns, inputs: inputs.map((input) => input.columns) });
    const types = this.#mentionedTypes(own);
    const oids = mentioned(own, /"(?:collation|inputCollation)":(\d+)/g);
    const collations = this.#query.collations.filter((collation) => oids.has(collation.oid));
    const hash = sha256Hex(
      canonicalJson({ spec, columns, types, collations, inputs: inputs.map((input) => input.hash) }),
    );
    const known = this.#nodes.get(hash);
    if (known !== undefined) return known;
    const node: SpecNode = { hash, spec, inputs, columns, types, collations };
    this.#nodes.set(hash, node);
    return node;
  }

  #mentionedTypes(text: string): readonly PgType[] {
    const oids = mentioned(text, /"typeOid":(\d+)/g);
    // What is added while the set is walked is walked, too.
    for (const oid of oids) {
      const type = this.#query.types.find((candidate) => candidate.oid === oid);
      if (type?.elementOid !== undefined) oids.add(type.elementOid);
      for (const field of type?.fieldOids ?? []) oids.add(field);
    }
    return this.#query.types.filter((type) => type.kind !== "base" && oids.has(type.oid));
  }
}

/** The nodes of a recursive node's body, inputs before their consumers. */
function bodySpecs(root: SpecNode): BodySpec[] {
  const positions = new Map<SpecNode, number>();
  const nodes: BodySpec[] = [];
  const visit = (node: SpecNode): number => {
    const known = positions.get(node);
    if (known !== undefined) return known;
    const inputs = node.inputs.map(visit);
    const position = nodes.push({ spec: node.spec, inputs, columns: node.columns }) - 1;
    positions.set(node, position);
    return position;
  };
  visit(root);
  return nodes;
}

/** The positions of `attributes` in a table's rows; a FreshetError when the table has none such. */
export function attributePositions(
  table: { readonly name: string; readonly columns: readonly { readonly attribute: number }[] },
  attributes: readonly number[],
): readonly number[] {
  return attributes.map((attribute) => {
    const position = table.columns.findIndex((column) => column.attribute === attribute);
    if (position >= 0) return position;
    throw new FreshetError(
      SqlState.featureNotSupported,
      `column ${attribute} of table "${table.name}" is not replicated`,
      { detail: "Columns whose type has no binary form cannot be cached." },
    );
  });
}
