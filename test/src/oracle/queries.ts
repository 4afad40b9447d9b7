import type { SeededRandom } from "@freshet/base";
import { kindById, typedLiteral } from "./column-types.ts";
import type { ColumnKind } from "./column-types.ts";
import { randomCondition, randomExpression } from "./expressions.ts";
import type { Operand } from "./expressions.ts";
import { randomFrom } from "./from-clause.ts";
import type { OracleQuery, QueryParameter } from "./oracle-case.ts";
import type { Schema } from "./schema.ts";

interface Output {
  readonly sql: string;
  readonly kind: ColumnKind;
}

/** A SELECT under construction: its parameters, and whether its answer is open among equal numbers. */
interface Draft {
  readonly parameters: QueryParameter[];
  loose: boolean;
}

export interface QueryWishes {
  /** For a table that is written back: without parameters, order and expressions that fail; columns have names. */
  readonly forTable: boolean;
}

export function randomQuery(random: SeededRandom, schema: Schema, wishes: QueryWishes): OracleQuery {
  const draft: Draft = { parameters: [], loose: false };
  const dice = random.float();
  const isOrdered = !wishes.forTable && random.chance(0.35);
  const { core, outputs } =
    dice < 0.1 ? union(random, schema, draft) : select(random, schema, draft, wishes, dice < 0.5, isOrdered);
  const order = isOrdered ? randomOrder(random, outputs) : [];
  return {
    core,
    order,
    tail: order.length === 0 ? "" : tail(random, order, draft),
    columns: outputs.length,
    parameters: draft.parameters,
    loose: draft.loose,
  };
}

type Select = { readonly core: string; readonly outputs: readonly Output[] };

function select(
  random: SeededRandom,
  schema: Schema,
  draft: Draft,
  wishes: QueryWishes,
  grouped: boolean,
  isOrdered: boolean,
): Select {
  // Which rows a LIMIT lets fail is open.
  const fragile = !wishes.forTable && !isOrdered && random.chance(0.15);
  const from = randomFrom(random, schema, fragile);
  const conditions = [...from.conditions];
  if (random.chance(0.5)) conditions.push(randomCondition(random, from.operands, fragile));
  return grouped
    ? groupedSelect(random, from.sql, from.operands, conditions, draft, wishes)
    : plainSelect(random, from.sql, from.operands, conditions, draft, wishes, fragile, isOrdered);
}

function plainSelect(
  random: SeededRandom,
  from: string,
  operands: readonly Operand[],
  conditions: readonly string[],
  draft: Draft,
  wishes: QueryWishes,
  fragile: boolean,
  isOrdered: boolean,
): Select {
  const distinct = random.chance(0.15);
  const shown = distinct || isOrdered ? keyOperands(random, operands) : operands;
  const outputs = Array.from({ length: random.integer(1, 6) }, () => randomExpression(random, shown, fragile));
  if (distinct && outputs.some(({ kind }) => kind.loose)) draft.loose = true;
  const keys = wishes.forTable ? [] : randomKeys(random, operands, draft, !distinct);
  const list = columnList(random, outputs, wishes);
  return {
    core: `SELECT ${distinct ? "DISTINCT " : ""}${list} FROM ${from}${where([...conditions, ...keys])}`,
    outputs,
  };
}

function groupedSelect(
  random: SeededRandom,
  from: string,
  operands: readonly Operand[],
  conditions: readonly string[],
  draft: Draft,
  wishes: QueryWishes,
): Select {
  const groups = random.shuffle(keyOperands(random, operands)).slice(0, random.pick([0, 1, 1, 1, 2]));
  if (groups.some(({ kind }) => kind.loose)) draft.loose = true;
  const aggregates = Array.from({ length: random.integer(1, 4) }, () => randomAggregate(random, operands, draft));
  const outputs: Output[] = [...groups, ...aggregates];
  const having = random.chance(0.25)
    ? ` HAVING ${random.pick(["count(*) > 1", "count(*) % 2 = 0", havingOf(random, operands)])}`
    : "";
  // Keys that are grouped by may be lists and ranges, others only single values.
  const isGroupKey = groups.length > 0 && random.chance(0.5);
  const keys = wishes.forTable ? [] : randomKeys(random, isGroupKey ? groups : operands, draft, isGroupKey);
  const by = groups.length === 0 ? "" : ` GROUP BY ${groups.map(({ sql }) => sql).join(", ")}`;
  const list = columnList(random, outputs, wishes);
  return { core: `SELECT ${list} FROM ${from}${where([...conditions, ...keys])}${by}${having}`, outputs };
}

function randomAggregate(random: SeededRandom, operands: readonly Operand[], draft: Draft): Output {
  const { sql, kind } = random.pick(keyOperands(random, operands));
  const filter = random.chance(0.15) ? ` FILTER (WHERE ${randomCondition(random, operands, false, 1)})` : "";
  const distinct = random.chance(0.25) ? "DISTINCT " : "";
  const big = kindById("big");
  if (random.chance(0.2)) return { sql: `count(*)${filter}`, kind: big };
  if (kind.summable && random.chance(0.7)) {
    // Sums of floats may be 0 or -0; of a DISTINCT set it is open which of two equal numbers is in it.
    if (kind.family === "number" && (["rea", "flo"].includes(kind.id) || (kind.loose && distinct !== "")))
      draft.loose = true;
    const name = distinct !== "" && kind.id === "dec" ? "count" : random.pick(["sum", "sum", "avg"]);
    return { sql: `${name}(${distinct}${sql})${filter}`, kind: name === "count" ? big : sumKind(name, kind) };
  }
  const hasExtremes = kind.ordered && kind.family !== "bool" && kind.family !== "uuid" && kind.family !== "bytea";
  if (hasExtremes && random.chance(0.7)) {
    if (kind.loose) draft.loose = true;
    return { sql: `${random.pick(["min", "max"])}(${sql})${filter}`, kind: kind.id === "var" ? kindById("txt") : kind };
  }
  return { sql: `count(${distinct}${sql})${filter}`, kind: big };
}

function sumKind(name: string, kind: ColumnKind): ColumnKind {
  if (["rea", "flo"].includes(kind.id)) return name === "avg" ? kindById("flo") : kind;
  return name === "sum" && ["sma", "num"].includes(kind.id) ? kindById("big") : kindById("dec");
}

function havingOf(random: SeededRandom, operands: readonly Operand[]): string {
  const { sql, kind } = random.pick(operands);
  if (kind.summable) return `sum(${sql}) > ${random.integer(-2, 5)}`;
  return `count(${sql}) >= ${random.integer(0, 3)}`;
}

/** Conditions on parameters: equalities, and at most one list or range. */
function randomKeys(random: SeededRandom, operands: readonly Operand[], draft: Draft, several: boolean): string[] {
  const keys = random.pick([0, 0, 1, 1, 1, 2]);
  const chosen = random
    .shuffle(keyOperands(random, operands))
    .filter(({ kind }) => kind.family !== "json" && kind.family !== "array")
    .slice(0, keys);
  const conditions = chosen.map(({ sql, kind }, index) => {
    if (!several || index > 0 || random.chance(0.5)) return `${sql} = ${place(draft, "scalar", kind)}`;
    if (!kind.ordered || random.chance(0.4)) {
      return random.chance(0.6)
        ? `${sql} IN (${place(draft, "list", kind)})`
        : `${sql} = ANY (${place(draft, "array", kind)})`;
    }
    return rangeCondition(random, sql, kind, draft);
  });
  return random.shuffle(conditions);
}

function rangeCondition(random: SeededRandom, sql: string, kind: ColumnKind, draft: Draft): string {
  const value = (): string => place(draft, "scalar", kind);
  switch (random.integer(0, 4)) {
    case 0:
      return `${sql} BETWEEN ${value()} AND ${value()}`;
    case 1:
      return `${sql} > ${value()} AND ${sql} <= ${value()}`;
    case 2:
      return `${value()} > ${sql}`;
    default:
      return `${sql} ${random.pick(["<", "<=", ">", ">="])} ${value()}`;
  }
}

/** A new parameter's place in the text. */
function place(draft: Draft, form: QueryParameter["form"], kind: ColumnKind): string {
  const bare = ["bool", "int4", "int8", "numeric", "numeric(10,2)"].includes(kind.sql);
  return `{{${draft.parameters.push({ form, type: parameterType(kind), bare, values: kind.values }) - 1}}}`;
}

/** The type that PostgreSQL gives to a parameter compared with such a column. */
function parameterType(kind: ColumnKind): string {
  if (kind.family === "text") return "text";
  return kind.family === "char" ? "bpchar" : kind.sql.replace(/\(.*/, "");
}

/**
 * Without the columns of wide values, nearly always: a row whose key is too long for the store makes the cache miss, which is right but shows
 * nothing.
 */
function keyOperands<T extends { readonly sql: string }>(random: SeededRandom, operands: readonly T[]): readonly T[] {
  const narrow = operands.filter(({ sql }) => !/\bwide\b/.test(sql));
  return narrow.length === 0 || random.chance(0.05) ? operands : narrow;
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
}

function columnList(random: SeededRandom, outputs: readonly Output[], wishes: QueryWishes): string {
  return outputs
    .map(({ sql }, index) => (wishes.forTable || random.chance(0.3) ? `${sql} AS c${index + 1}` : sql))
    .join(", ");
}

/** UNION [ALL] of two filtered tables. */
function union(random: SeededRandom, schema: Schema, draft: Draft): Select {
  const kinds = random
    .shuffle(schema.tables.flatMap((table) => table.columns.map(({ kind }) => kind)))
    .slice(0, random.integer(1, 4));
  const branches = [0, 1].map(() => {
    const table = random.pick(schema.tables);
    const operands = table.columns.map(({ name, kind }) => ({ sql: name, kind }));
    const list = kinds.map((kind, index) => {
      const column = table.columns.find((candidate) => candidate.kind === kind && candidate !== table.wide);
      return `${column?.name ?? typedLiteral(kind, random.pick(kind.values))} AS c${index + 1}`;
    });
    const condition = random.chance(0.5) ? [randomCondition(random, operands, false, 1)] : [];
    return `SELECT ${list.join(", ")} FROM ${table.name}${where(condition)}`;
  });
  const all = random.chance(0.7);
  if (!all && kinds.some(({ loose }) => loose)) draft.loose = true;
  return { core: branches.join(all ? " UNION ALL " : " UNION "), outputs: kinds.map((kind) => ({ sql: "", kind })) };
}

/** Items of ORDER BY, as `cN DESC`; empty for none. */
function randomOrder(random: SeededRandom, outputs: readonly Output[]): string[] {
  const sortable = outputs.flatMap(({ kind }, index) => (kind.ordered ? [index + 1] : []));
  return random
    .shuffle(sortable)
    .slice(0, random.integer(1, 4))
    .map((position) => `c${position}${random.pick(["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"])}`);
}

function tail(random: SeededRandom, order: readonly string[], draft: Draft): string {
  const by = `ORDER BY ${order.map((item) => item.slice(1)).join(", ")}`;
  const count = (low: number): string => {
    const values = [String(low), "1", "3", "10"];
    if (random.chance(0.5)) return random.pick(values);
    return `{{${draft.parameters.push({ form: "count", type: "int8", bare: true, values }) - 1}}}`;
  };
  const limit = random.chance(0.6) ? ` LIMIT ${count(2)}` : "";
  const offset = random.chance(0.25) ? ` OFFSET ${count(0)}` : "";
  return `${by}${limit}${offset}`;
}
