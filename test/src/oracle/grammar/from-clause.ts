import { kindById } from "../column-types.ts";
import { randomCondition } from "./conditions.ts";
import type { Draft, Form, Operand } from "./draft.ts";
import type { FromItem } from "./from-item.ts";
import { lateralItem } from "./subqueries.ts";
import { columnsOf, randomTable } from "./tables.ts";
import { randomJoinParameters } from "./join-parameters.ts";
import { recursiveItem } from "./recursive.ts";
import { constantItem, functionItem, lateralRows, valuesItem } from "./row-sources.ts";

export interface FromClause {
  readonly sql: string;
  /** What the SELECT may name. */
  readonly operands: readonly Operand[];
  /** Conditions that belong into WHERE: those of a join with commas. */
  readonly conditions: readonly string[];
}

/** A way to write an item of FROM. It has a column `link` of type int4. */
export interface FromForm extends Form {
  write(draft: Draft, alias: string): FromItem;
}

const fromForms: readonly FromForm[] = [
  { feature: "table", weight: 17, write: tableItem },
  { feature: "subquery in FROM", weight: 3, write: subquery },
  { feature: "VALUES in FROM", weight: 0.7, write: valuesItem },
  { feature: "subquery without table", weight: 0.5, write: constantItem },
  { feature: "recursive query", weight: 0.7, write: recursiveItem },
  { feature: "function in FROM", weight: 0.7, write: functionItem },
];

/** A way to join two items that have operands of joinable kinds. */
export interface JoinForm extends Form {
  readonly sql: string;
}

const joinForms: readonly JoinForm[] = [
  { feature: "inner join", weight: 2, sql: "JOIN" },
  { feature: "left join", weight: 2, sql: "LEFT JOIN" },
  { feature: "right join", weight: 1, sql: "RIGHT JOIN" },
  { feature: "full join", weight: 1, sql: "FULL JOIN" },
];

/** FROM with one to three items: tables, mostly, and subqueries. */
export function randomFrom(draft: Draft, fragile: boolean): FromClause {
  const first = randomItem(draft);
  const joins = draft.random.pick([0, 0, 0, 1, 1, 1, 2]);
  let from: FromClause = { ...first, conditions: [] };
  for (let index = 0; index < joins; index += 1) from = join(draft, from, randomItem(draft), fragile);
  if (draft.use("LATERAL function", 0.05)) return withLateralRows(draft, from);
  return draft.use("LATERAL", 0.08) ? joinLateral(draft, from) : from;
}

/** One more item, whose rows are made of those before it. */
function withLateralRows(draft: Draft, from: FromClause): FromClause {
  const { random } = draft;
  const item = lateralRows(draft, draft.alias(), from.operands);
  const operands = [...from.operands, ...item.operands];
  const style = random.pick([",", " CROSS JOIN", " LEFT JOIN", " LEFT JOIN"]);
  if (style !== " LEFT JOIN") return { ...from, sql: `${from.sql}${style} LATERAL ${item.sql}`, operands };
  const on = random.chance(0.5) ? "true" : randomCondition(draft, item.operands, false, 1);
  return { ...from, sql: `${from.sql} LEFT JOIN LATERAL ${item.sql} ON ${on}`, operands };
}

function join(draft: Draft, from: FromClause, item: FromItem, fragile: boolean): FromClause {
  const { random } = draft;
  const operands = [...from.operands, ...item.operands];
  const pairs = from.operands.flatMap((left) =>
    item.operands.filter((right) => joinable(left, right)).map((right) => [left, right] as const),
  );
  const links = pairs.filter(([left, right]) => left.sql.endsWith(".link") && right.sql.endsWith(".link"));
  const [left, right] = random.pick(random.chance(0.5) && links.length > 0 ? links : pairs);
  const equality = random.chance(0.5) ? `${left.sql} = ${right.sql}` : `${right.sql} = ${left.sql}`;
  if (draft.use("comma join", 0.1)) {
    return { sql: `${from.sql}, ${item.sql}`, operands, conditions: [...from.conditions, equality] };
  }
  const kind = draft.pick(joinForms).sql;
  const isTable = !from.sql.includes("JOIN") && !from.sql.includes(", ");
  if (isTable && columnName(left) === columnName(right) && draft.use("USING", 0.2)) {
    return { ...from, sql: `${from.sql} ${kind} ${item.sql} USING (${columnName(left)})`, operands };
  }
  // After a comma, ON could not name what stands before it.
  if (from.conditions.length > 0) {
    return { sql: `${from.sql}, ${item.sql}`, operands, conditions: [...from.conditions, equality] };
  }
  const asked = kind === "JOIN" ? randomJoinParameters(draft, operands) : "";
  const more = random.chance(0.3) ? ` AND ${randomCondition(draft, operands, fragile, 1)}` : "";
  return { ...from, sql: `${from.sql} ${kind} ${item.sql} ON ${equality}${asked}${more}`, operands };
}

function joinLateral(draft: Draft, from: FromClause): FromClause {
  const item = lateralItem(draft, from.operands);
  const operands = [...from.operands, ...item.operands];
  const sql = draft.random.pick([
    `${from.sql}, ${item.sql}`,
    `${from.sql} CROSS JOIN ${item.sql}`,
    `${from.sql} LEFT JOIN ${item.sql} ON true`,
  ]);
  return { ...from, sql, operands };
}

function columnName(operand: Operand): string {
  return operand.sql.slice(operand.sql.indexOf(".") + 1);
}

function joinable(left: Operand, right: Operand): boolean {
  if (left.kind === right.kind) return left.kind.family !== "bool";
  return left.kind.family === right.kind.family && left.kind.family !== "array" && left.kind.family !== "range";
}

function randomItem(draft: Draft): FromItem {
  return draft.pick(fromForms).write(draft, draft.alias());
}

function tableItem(draft: Draft, alias: string): FromItem {
  const table = randomTable(draft);
  return { sql: `${table.name} AS ${alias}`, operands: columnsOf(table, alias) };
}

/** A filtered table, a grouped one, or two tables after one another; with the column `link`, so that it can be joined. */
function subquery(draft: Draft, alias: string): FromItem {
  const { random } = draft;
  const table = randomTable(draft);
  const link: Operand = { sql: `${alias}.link`, kind: kindById("num") };
  const columns = columnsOf(table, "i");
  const where = random.chance(0.5) ? ` WHERE ${randomCondition(draft, columns, false, 1)}` : "";
  if (random.chance(0.5)) {
    const body = `SELECT i.link, count(*) AS n FROM ${table.name} AS i${where} GROUP BY i.link`;
    return { sql: `(${body}) AS ${alias}`, operands: [link, { sql: `${alias}.n`, kind: kindById("big") }] };
  }
  const other = random.pick(columns.filter((column) => column.sql !== "i.link"));
  const again = random.chance(0.3) ? ` UNION ALL SELECT i.link, ${other.sql} AS x FROM ${table.name} AS i` : "";
  const distinct = again === "" && !other.kind.loose && random.chance(0.3) ? "DISTINCT " : "";
  const body = `SELECT ${distinct}i.link, ${other.sql} AS x FROM ${table.name} AS i${where}${again}`;
  return { sql: `(${body}) AS ${alias}`, operands: [link, { sql: `${alias}.x`, kind: other.kind }] };
}
