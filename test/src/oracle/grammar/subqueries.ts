import { kindById } from "../column-types.ts";
import type { ColumnKind } from "../column-types.ts";
import type { Draft, Operand } from "./draft.ts";
import type { ConditionForm, ExpressionForm } from "./forms.ts";
import type { FromItem } from "./from-item.ts";

/** Subqueries in subqueries go so deep. */
const DEPTH = 2;

/** A table with an alias, as a subquery reads it. */
interface Inner {
  readonly sql: string;
  readonly operands: readonly Operand[];
}

/** Conditions with subqueries; in aggregates and joins too. */
export const subqueryConditions: readonly ConditionForm[] = [
  { feature: "EXISTS", weight: 0.7, write: exists },
  { feature: "IN subquery", weight: 0.7, write: inSubquery },
  { feature: "row IN subquery", weight: 0.3, write: rowInSubquery },
  { feature: "ANY or ALL subquery", weight: 0.3, write: anySubquery },
  { feature: "scalar subquery in a condition", weight: 0.4, write: scalarComparison },
  { feature: "order of rows", weight: 0.2, write: rowComparison },
];

export const subqueryExpressions: readonly ExpressionForm[] = [
  { feature: "aggregate as scalar subquery", weight: 0.8, write: aggregateSubquery },
  { feature: "first row as scalar subquery", weight: 0.4, write: firstRowSubquery },
  { feature: "only row as scalar subquery", weight: 0.2, write: onlyRowSubquery },
  {
    feature: "subquery condition as a value",
    weight: 0.4,
    write: (draft, operands) => ({ sql: nested(draft, operands), kind: kindById("boo") }),
  },
];

function innerTable(draft: Draft): Inner {
  const table = draft.random.pick(draft.schema.tables);
  const alias = draft.alias();
  const operands = table.columns
    .filter((column) => column !== table.wide)
    .map((column) => ({ sql: `${alias}.${column.name}`, kind: column.kind }));
  return { sql: `${table.name} AS ${alias}`, operands };
}

function isComparable(left: ColumnKind, right: ColumnKind): boolean {
  if (left.family === "json") return false;
  return left === right || (left.family === right.family && !["array", "enum", "range"].includes(left.family));
}

/** Pairs of an operand from outside and one of the subquery that can be compared. */
function pairs(inner: readonly Operand[], outer: readonly Operand[]): (readonly [Operand, Operand])[] {
  return inner.flatMap((own) =>
    outer
      .filter(({ sql, kind }) => isComparable(own.kind, kind) && !/\bwide\b/.test(sql))
      .map((other) => [own, other] as const),
  );
}

/** WHERE of a subquery: mostly an equality with the rows around it, and sometimes more. */
function innerWhere(draft: Draft, inner: Inner, outer: readonly Operand[]): string {
  const { random } = draft;
  const conditions: string[] = [];
  const links = pairs(inner.operands, outer);
  const equal = links.filter(([own, other]) => own.sql.endsWith(".link") && other.sql.endsWith(".link"));
  if (links.length > 0 && draft.use("reference from a subquery", 0.75)) {
    const [own, other] = random.pick(equal.length > 0 && random.chance(0.5) ? equal : links);
    const isOrdered = own.kind.ordered && other.kind.ordered && random.chance(0.25);
    conditions.push(`${own.sql} ${isOrdered ? random.pick(["<", ">=", "<>"]) : "="} ${other.sql}`);
  }
  if (random.chance(0.35)) {
    const { sql, kind } = random.pick(inner.operands);
    conditions.push(
      kind.ordered && random.chance(0.7)
        ? `${sql} ${random.pick(["<", ">"])} ${draft.literal(kind)}`
        : `${sql} IS NOT NULL`,
    );
  }
  if (draft.depth < DEPTH && draft.use("subquery in a subquery", 0.12)) {
    conditions.push(nested(draft, [...inner.operands, ...outer]));
  }
  return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
}

function nested(draft: Draft, operands: readonly Operand[]): string {
  return draft.random.pick([exists, inSubquery, scalarComparison])(draft, operands);
}

/** Writes one level deeper. */
function deeper<T>(draft: Draft, write: () => T): T {
  draft.depth += 1;
  const written = write();
  draft.depth -= 1;
  return written;
}

function exists(draft: Draft, operands: readonly Operand[]): string {
  return deeper(draft, () => {
    const inner = innerTable(draft);
    const not = draft.use("NOT EXISTS", 0.45) ? "NOT " : "";
    return `${not}EXISTS (SELECT ${draft.random.pick(["1", "*", ""])} FROM ${inner.sql}${innerWhere(draft, inner, operands)})`;
  });
}

/** A subquery of columns that can be compared with the given operands' kinds; NULLs are added at times. */
function columnsLike(draft: Draft, kinds: readonly ColumnKind[], outer: readonly Operand[]): string {
  const inner = innerTable(draft);
  const list = kinds.map((kind) => {
    const fitting = inner.operands.filter((own) => isComparable(own.kind, kind));
    return fitting.length === 0 ? draft.literal(kind) : draft.random.pick(fitting).sql;
  });
  const body = `SELECT ${list.join(", ")} FROM ${inner.sql}${innerWhere(draft, inner, outer)}`;
  return draft.use("UNION in a subquery", 0.1)
    ? `${body} UNION ALL SELECT ${kinds.map((kind) => draft.literal(kind)).join(", ")}`
    : body;
}

function comparable(draft: Draft, operands: readonly Operand[]): Operand {
  const usable = operands.filter(({ sql, kind }) => kind.family !== "json" && !/\bwide\b/.test(sql));
  return usable.length === 0 ? { sql: "1::int4", kind: kindById("num") } : draft.random.pick(usable);
}

function inSubquery(draft: Draft, operands: readonly Operand[]): string {
  return deeper(draft, () => {
    const { sql, kind } = comparable(draft, operands);
    const test = `${sql} ${draft.use("NOT IN subquery", 0.45) ? "NOT " : ""}IN (${columnsLike(draft, [kind], operands)})`;
    return draft.random.chance(0.2) ? `(${test}) IS ${draft.random.pick(["NULL", "NOT TRUE", "FALSE"])}` : test;
  });
}

function rowInSubquery(draft: Draft, operands: readonly Operand[]): string {
  return deeper(draft, () => {
    const columns = [comparable(draft, operands), comparable(draft, operands)];
    const body = columnsLike(
      draft,
      columns.map(({ kind }) => kind),
      operands,
    );
    return `(${columns.map(({ sql }) => sql).join(", ")}) ${draft.random.chance(0.4) ? "NOT " : ""}IN (${body})`;
  });
}

function anySubquery(draft: Draft, operands: readonly Operand[]): string {
  return deeper(draft, () => {
    const { sql, kind } = comparable(draft, operands);
    const operator = draft.random.pick(kind.ordered ? ["=", "<>", "<", ">="] : ["=", "<>"]);
    return `${sql} ${operator} ${draft.random.pick(["ANY", "ALL"])} (${columnsLike(draft, [kind], operands)})`;
  });
}

function rowComparison(draft: Draft, operands: readonly Operand[]): string {
  const ordered = operands.filter(({ sql, kind }) => kind.ordered && !/\bwide\b/.test(sql));
  const columns = [0, 1].map(() => (ordered.length === 0 ? comparable(draft, operands) : draft.random.pick(ordered)));
  const right = columns.map(({ kind }) => draft.literal(kind));
  if (ordered.length === 0) return `${columns[0]?.sql} IS NOT NULL`;
  return `(${columns.map(({ sql }) => sql).join(", ")}) ${draft.random.pick(["<", "<=", ">", ">="])} (${right.join(", ")})`;
}

function scalarComparison(draft: Draft, operands: readonly Operand[]): string {
  return deeper(draft, () => {
    const { sql, kind } = aggregateOf(draft, operands);
    const others = operands.filter((operand) => isComparable(operand.kind, kind) && !/\bwide\b/.test(operand.sql));
    const left = others.length === 0 ? draft.literal(kind) : draft.random.pick(others).sql;
    return `${left} ${draft.random.pick(["=", "<", ">="])} ${sql}`;
  });
}

/** A subquery of one aggregate, which has one row. */
function aggregateOf(draft: Draft, outer: readonly Operand[]): Operand {
  const { random } = draft;
  const inner = innerTable(draft);
  const from = ` FROM ${inner.sql}${innerWhere(draft, inner, outer)}`;
  const { sql, kind } = random.pick(inner.operands);
  const isSimple = ["num", "sma", "day"].includes(kind.id);
  if (isSimple && random.chance(0.7)) return { sql: `(SELECT ${random.pick(["min", "max"])}(${sql})${from})`, kind };
  const having = draft.use("HAVING in a subquery", 0.1) ? " HAVING count(*) > 1" : "";
  return { sql: `(SELECT count(${random.pick(["*", sql])})${from}${having})`, kind: kindById("big") };
}

function aggregateSubquery(draft: Draft, operands: readonly Operand[]): Operand {
  return deeper(draft, () => aggregateOf(draft, operands));
}

function firstRowSubquery(draft: Draft, operands: readonly Operand[]): Operand {
  return deeper(draft, () => {
    const inner = innerTable(draft);
    const ordered = inner.operands.filter(({ kind }) => kind.ordered);
    if (ordered.length === 0) return aggregateOf(draft, operands);
    const { sql, kind } = draft.random.pick(ordered);
    if (kind.loose) draft.loose = true;
    const where = innerWhere(draft, inner, operands);
    const direction = draft.random.pick(["", " DESC", " NULLS FIRST"]);
    return { sql: `(SELECT ${sql} FROM ${inner.sql}${where} ORDER BY 1${direction} LIMIT 1)`, kind };
  });
}

/** Fails while the subquery has several rows. */
function onlyRowSubquery(draft: Draft, operands: readonly Operand[]): Operand {
  return deeper(draft, () => {
    const inner = innerTable(draft);
    const { sql, kind } = draft.random.pick(inner.operands);
    const keys = pairs(
      inner.operands.filter((own) => own.sql.endsWith(".id")),
      operands,
    );
    const pair = keys.length === 0 ? undefined : draft.random.pick(keys);
    const condition = pair === undefined ? "false" : `${pair[0].sql} = ${pair[1].sql}`;
    return { sql: `(SELECT ${sql} FROM ${inner.sql} WHERE ${condition})`, kind };
  });
}

/** A LATERAL subquery with a column `link`: the first rows, or groups, of those that belong to a row before it. */
export function lateralItem(draft: Draft, operands: readonly Operand[]): FromItem {
  return deeper(draft, () => {
    const { random } = draft;
    const alias = draft.alias();
    const inner = innerTable(draft);
    const where = innerWhere(draft, inner, operands);
    const name = (operand: Operand | undefined): string => operand?.sql ?? "NULL";
    const link = inner.operands.find(({ sql }) => sql.endsWith(".link"));
    const own: Operand[] = [{ sql: `${alias}.link`, kind: kindById("num") }];
    const others = inner.operands.filter(({ sql, kind }) => kind.ordered && !sql.endsWith(".link"));
    if (others.length === 0 || draft.use("grouped LATERAL", 0.4)) {
      const body = `SELECT max(${name(link)}) AS link, count(*) AS n FROM ${inner.sql}${where}`;
      return { sql: `LATERAL (${body}) AS ${alias}`, operands: [...own, { sql: `${alias}.n`, kind: kindById("big") }] };
    }
    const other = random.pick(others);
    if (other.kind.loose) draft.loose = true;
    const list = `${name(link)} AS link, ${other.sql} AS x`;
    const limit = draft.use("LIMIT in LATERAL", 0.5) ? ` ORDER BY x, link LIMIT ${random.integer(1, 2)}` : "";
    const body = `SELECT ${list} FROM ${inner.sql}${where}${limit}`;
    return { sql: `LATERAL (${body}) AS ${alias}`, operands: [...own, { sql: `${alias}.x`, kind: other.kind }] };
  });
}
