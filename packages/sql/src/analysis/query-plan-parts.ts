import { assert, must } from "@freshet/base";
import type { PgCollation, PgType } from "@freshet/values";
import { canonicalJson } from "../plan/plan-hash.ts";
import { walkPlan } from "../plan/plan-walk.ts";
import { parametersIn } from "../plan/expression-walk.ts";
import type { Plan } from "../plan/plan.ts";
import type {
  QueryPlan,
  RangeBound,
  ResultColumn,
  RowLimit,
  TableDependency,
  ViewParameter,
} from "../plan/query-plan.ts";
import type { DescribedColumn } from "./analysis-connection.ts";
import type { Catalog } from "./catalog.ts";
import { partsOf, pgTypeOf } from "./catalog-types.ts";
import type { LiftedBound } from "./lift-parameters.ts";
import type { TranslatedQuery } from "./translated-query.ts";
import { INT8_TYPE } from "./type-support.ts";
import { UnliftableParameter } from "./unsupported.ts";

/** Result columns as Describe names them, with the collations that only the tree knows. */
export function resultColumns(described: readonly DescribedColumn[], translated: TranslatedQuery): ResultColumn[] {
  assert(described.length === translated.visible, "the plan has as many visible columns as the statement");
  return described.map((column, index) => {
    const planned = must(translated.plan.columns[index]);
    assert(
      planned.typeOid === column.typeOid,
      () => `column ${column.name} is planned with type ${planned.typeOid}, not ${column.typeOid}`,
    );
    return {
      name: column.name,
      typeOid: column.typeOid,
      typmod: column.typmod,
      collation: planned.collation,
      tableOid: column.tableOid,
      attribute: column.attribute,
      typeLength: column.typeLength,
    };
  });
}

/** Parameter `$n` of the analysed text is the view's parameter n - 1. */
function viewIndex(parameter: number): number {
  return parameter - 1;
}

function viewLimit(limit: RowLimit | null): RowLimit | null {
  return limit !== null && "parameter" in limit ? { parameter: viewIndex(limit.parameter) } : limit;
}

function viewBound(bound: LiftedBound | null): RangeBound | null {
  return bound === null ? null : { parameter: viewIndex(bound.parameter), inclusive: bound.inclusive };
}

/** The view's parameters and where each is used; every one of `count` must be. */
export function viewParameters(
  translated: TranslatedQuery,
  count: number,
): Pick<QueryPlan, "read" | "parameters" | "equality" | "range" | "limit" | "offset"> {
  const { lifted, equalityColumns, rangeColumn } = translated;
  const parameters = new Map<number, ViewParameter>();
  for (const { parameter, type, list } of lifted.equality) parameters.set(viewIndex(parameter), { type, list });
  for (const bound of [lifted.range?.lower, lifted.range?.upper]) {
    if (bound) parameters.set(viewIndex(bound.parameter), { type: must(lifted.range).type, list: false });
  }
  for (const limit of [translated.limit, translated.offset]) {
    if (limit !== null && "parameter" in limit)
      parameters.set(viewIndex(limit.parameter), { type: INT8_TYPE, list: false });
  }
  for (const { number, type } of parametersIn(translated.read?.conditions ?? []))
    parameters.set(viewIndex(number), { type: { ...type, typmod: -1 }, list: false });
  const list = Array.from({ length: count }, (_unused, index) => {
    const parameter = parameters.get(index);
    if (parameter === undefined) throw new UnliftableParameter(index + 1, "stands where a cache cannot look it up");
    return parameter;
  });
  const equality = lifted.equality.map(({ parameter }, index) => ({
    column: must(equalityColumns[index]),
    parameter: viewIndex(parameter),
  }));
  const range =
    lifted.range === null ? null : { lower: viewBound(lifted.range.lower), upper: viewBound(lifted.range.upper) };
  return {
    parameters: list,
    equality: equality.sort((a, b) => a.parameter - b.parameter),
    range: range === null ? null : { column: must(rangeColumn), ...range },
    limit: viewLimit(translated.limit),
    offset: viewLimit(translated.offset),
    ...(translated.read === null ? {} : { read: translated.read }),
  };
}

/** The tables whose changes the plan follows. */
export function tableDependencies(plan: Plan, catalog: Catalog): TableDependency[] {
  const tables = new Map<number, TableDependency>();
  walkPlan(plan, (node) => {
    if (node.kind !== "scan") return;
    const { oid, schema, name } = must(catalog.relations.get(node.tableOid));
    tables.set(oid, { tableOid: oid, schema, name });
  });
  return [...tables.values()].sort((a, b) => a.tableOid - b.tableOid);
}

/** The types and collations that occur anywhere in `plan`, by the names of the members that hold them. */
export function referencedObjects(
  plan: object,
  catalog: Catalog,
): { readonly types: readonly PgType[]; readonly collations: readonly PgCollation[] } {
  const types = new Set<number>();
  const collations = new Set<number>();
  JSON.parse(canonicalJson(plan), (key: string, value: unknown): unknown => {
    if (typeof value === "number" && value !== 0) {
      if (key === "typeOid") types.add(value);
      if (key === "collation" || key === "inputCollation") collations.add(value);
    }
    return value;
  });
  for (const oid of types) {
    const info = catalog.types.get(oid);
    if (info !== undefined) for (const part of partsOf(info)) types.add(part);
  }
  const ascending = (a: number, b: number): number => a - b;
  return {
    types: [...types]
      .sort(ascending)
      .map((oid) => pgTypeOf(must(catalog.types.get(oid), `type ${oid} was not looked up`))),
    collations: [...collations]
      .sort(ascending)
      .map((oid) => must(catalog.collations.get(oid), `collation ${oid} was not looked up`)),
  };
}
