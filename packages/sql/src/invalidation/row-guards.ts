import { must } from "@freshet/base";
import { Oid } from "@freshet/values";
import type { AnalysisConnection } from "../analysis/analysis-connection.ts";
import { type NodeValue, TreeNode } from "../analysis/node-tree.ts";
import { RteKind } from "../analysis/table-checks.ts";
import type { Slot } from "../statement/shape.ts";
import type { GuardCondition, TableGuard } from "./invalidation-plan.ts";

/** Types that are equal exactly where PostgreSQL's `=` says so, and (`ordered`) sorted as its `<` does. */
const ORDERED: ReadonlySet<number> = new Set([
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.oid,
  Oid.numeric,
  Oid.date,
  Oid.timestamp,
  Oid.timestamptz,
  Oid.uuid,
]);
const EQUAL_ONLY: ReadonlySet<number> = new Set([Oid.text, Oid.bool]);

const OPERATORS: readonly string[] = ["=", "<", "<=", ">", ">="];
const FLIPPED: Readonly<Record<string, GuardCondition["operator"]>> = {
  "=": "=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

/** One mention of a table in a query, with what WHERE asks of its rows. */
interface Reference {
  readonly relation: number;
  readonly conditions: readonly FoundCondition[];
}

interface FoundCondition {
  readonly attribute: number;
  readonly operatorOid: number;
  readonly flipped: boolean;
  readonly parameter: number;
  readonly list: boolean;
  readonly collation: number;
}

/**
 * Where every mention of a table is restricted by comparisons of its columns with parameters, in the WHERE clause
 * of its own query level, only rows that meet one mention's comparisons have a part in the answer: also below
 * an outer join, as these comparisons are not true for NULL. `members` has the tables that a mentioned one
 * stands for; `slotOf` the slot that a parameter of the tree stands for, `slots` what they are: an array where the shape does not see
 * one (`= ANY ($1)` within a subquery) is not taken apart by whoever reads its value, so it is left out.
 */
export async function rowGuards(
  connection: AnalysisConnection,
  tree: NodeValue,
  members: ReadonlyMap<number, readonly number[]>,
  slotOf: (parameter: number) => number | undefined,
  slots: readonly Pick<Slot, "role">[],
): Promise<TableGuard[]> {
  const references: Reference[] = [];
  collectReferences(tree, references);
  const known = await loadObjects(connection, references);
  const byTable = new Map<number, (readonly GuardCondition[])[]>();
  for (const { relation, conditions } of references) {
    const usable = conditions.flatMap((condition) => usableCondition(relation, condition, known, slotOf, slots));
    for (const table of members.get(relation) ?? []) byTable.set(table, [...(byTable.get(table) ?? []), usable]);
  }
  return [...byTable]
    .filter(([, list]) => list.every((conditions) => conditions.length > 0))
    .map(([tableOid, list]) => ({ tableOid, references: list }))
    .sort((a, b) => a.tableOid - b.tableOid);
}

function collectReferences(value: NodeValue, references: Reference[]): void {
  if (value instanceof TreeNode) {
    if (value.type === "QUERY") collectLevel(value, references);
    for (const member of value.fields.values()) collectReferences(member, references);
  } else if (Array.isArray(value)) {
    for (const item of value as readonly NodeValue[]) collectReferences(item, references);
  }
}

function collectLevel(query: TreeNode, references: Reference[]): void {
  const conjuncts =
    query.nodeOrNull("jointree") === null ? [] : conjunctsOf(query.node("jointree").nodeOrNull("quals"));
  query.nodes("rtable").forEach((entry, index) => {
    if (entry.int("rtekind") !== RteKind.relation) return;
    const conditions = conjuncts.flatMap((conjunct) => conditionOn(conjunct, index + 1));
    references.push({ relation: entry.int("relid"), conditions });
  });
}

function conjunctsOf(node: TreeNode | null): readonly TreeNode[] {
  if (node === null) return [];
  if (node.type !== "BOOLEXPR" || node.text("boolop") !== "and") return [node];
  return node.nodes("args").flatMap(conjunctsOf);
}

/** A comparison of a column of range table entry `varno` with a parameter. */
function conditionOn(node: TreeNode, varno: number): readonly FoundCondition[] {
  const list = node.type === "SCALARARRAYOPEXPR";
  if (node.type !== "OPEXPR" && !(list && node.flag("useOr"))) return [];
  const [left, right, ...others] = node.nodes("args").map(withoutRelabel);
  if (left === undefined || right === undefined || others.length > 0) return [];
  const flipped = left.type === "PARAM";
  const [column, parameter] = flipped ? [right, left] : [left, right];
  if (column.type !== "VAR" || parameter.type !== "PARAM" || (list && flipped)) return [];
  if (parameter.int("paramkind") !== 0 || column.int("varlevelsup") !== 0 || column.int("varno") !== varno) return [];
  if (column.int("varattno") <= 0) return [];
  return [
    {
      attribute: column.int("varattno"),
      operatorOid: node.int("opno"),
      flipped,
      parameter: parameter.int("paramid"),
      list,
      collation: node.int("inputcollid"),
    },
  ];
}

/** varchar seen as text. */
function withoutRelabel(node: TreeNode): TreeNode {
  return node.type === "RELABELTYPE" ? node.node("arg") : node;
}

interface KnownObjects {
  readonly operators: ReadonlyMap<number, { readonly name: string; readonly typeOid: number }>;
  /** Keyed `relation.attribute`. */
  readonly columns: ReadonlyMap<string, { readonly name: string; readonly typeOid: number }>;
  readonly nondeterministic: ReadonlySet<number>;
}

async function loadObjects(connection: AnalysisConnection, references: readonly Reference[]): Promise<KnownObjects> {
  const conditions = references.flatMap((reference) => reference.conditions);
  const list = (oids: readonly number[]): string => ["0", ...new Set(oids)].join(",");
  const operators = await connection.query(`
    SELECT oid, oprname, oprleft FROM pg_catalog.pg_operator
    WHERE oprnamespace = 'pg_catalog'::pg_catalog.regnamespace AND oprleft = oprright
      AND oid IN (${list(conditions.map(({ operatorOid }) => operatorOid))})`);
  const columns = await connection.query(`
    SELECT attrelid, attnum, attname, atttypid FROM pg_catalog.pg_attribute
    WHERE attgenerated = '' AND attrelid IN (${list(references.map(({ relation }) => relation))})`);
  const collations = await connection.query(`
    SELECT oid FROM pg_catalog.pg_collation
    WHERE NOT collisdeterministic AND oid IN (${list(conditions.map(({ collation }) => collation))})`);
  return {
    operators: new Map(operators.map((row) => [Number(row[0]), { name: must(row[1]), typeOid: Number(row[2]) }])),
    columns: new Map(columns.map((row) => [`${row[0]}.${row[1]}`, { name: must(row[2]), typeOid: Number(row[3]) }])),
    nondeterministic: new Set(collations.map((row) => Number(row[0]))),
  };
}

function usableCondition(
  relation: number,
  condition: FoundCondition,
  known: KnownObjects,
  slotOf: (parameter: number) => number | undefined,
  slots: readonly Pick<Slot, "role">[],
): GuardCondition[] {
  const operator = known.operators.get(condition.operatorOid);
  const column = known.columns.get(`${relation}.${condition.attribute}`);
  const slot = slotOf(condition.parameter);
  if (operator === undefined || column === undefined || slot === undefined) return [];
  if (condition.list && slots[slot]?.role !== "list" && slots[slot]?.role !== "array") return [];
  const { name, typeOid } = operator;
  if (!OPERATORS.includes(name) || known.nondeterministic.has(condition.collation)) return [];
  const sameType = column.typeOid === typeOid || (column.typeOid === Oid.varchar && typeOid === Oid.text);
  const comparable = ORDERED.has(typeOid) || (EQUAL_ONLY.has(typeOid) && name === "=");
  if (!sameType || !comparable || (condition.list && name !== "=")) return [];
  const written = condition.flipped ? FLIPPED[name] : FLIPPED[must(FLIPPED[name])];
  return [{ column: column.name, typeOid, operator: must(written), slot }];
}
