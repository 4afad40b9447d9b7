import type { SeededRandom } from "@freshet/base";
import { kindById } from "./column-types.ts";
import { randomCondition } from "./expressions.ts";
import type { Operand } from "./expressions.ts";
import type { Schema, Table } from "./schema.ts";

export interface FromClause {
  readonly sql: string;
  /** What the SELECT may name. */
  readonly operands: readonly Operand[];
  /** Conditions that belong into WHERE: those of a join with commas. */
  readonly conditions: readonly string[];
}

interface Item {
  readonly sql: string;
  readonly operands: readonly Operand[];
}

/** FROM with one to three items: tables, mostly, and subqueries. */
export function randomFrom(random: SeededRandom, schema: Schema, fragile: boolean): FromClause {
  const first = randomItem(random, schema, "a");
  const joins = random.pick([0, 0, 0, 1, 1, 1, 2]);
  let from: FromClause = { ...first, conditions: [] };
  for (let index = 0; index < joins; index += 1) {
    from = join(random, from, randomItem(random, schema, index === 0 ? "b" : "c"), fragile);
  }
  return from;
}

function join(random: SeededRandom, from: FromClause, item: Item, fragile: boolean): FromClause {
  const operands = [...from.operands, ...item.operands];
  const pairs = from.operands.flatMap((left) =>
    item.operands.filter((right) => joinable(left, right)).map((right) => [left, right] as const),
  );
  const links = pairs.filter(([left, right]) => left.sql.endsWith(".link") && right.sql.endsWith(".link"));
  const [left, right] = random.pick(random.chance(0.5) && links.length > 0 ? links : pairs);
  const equality = random.chance(0.5) ? `${left.sql} = ${right.sql}` : `${right.sql} = ${left.sql}`;
  if (random.chance(0.1)) {
    return { sql: `${from.sql}, ${item.sql}`, operands, conditions: [...from.conditions, equality] };
  }
  const kind = random.pick(["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN"]);
  const isTable = !from.sql.includes("JOIN") && !from.sql.includes(", ");
  if (isTable && random.chance(0.2) && columnName(left) === columnName(right)) {
    return { ...from, sql: `${from.sql} ${kind} ${item.sql} USING (${columnName(left)})`, operands };
  }
  // After a comma, ON could not name what stands before it.
  if (from.conditions.length > 0) {
    return { sql: `${from.sql}, ${item.sql}`, operands, conditions: [...from.conditions, equality] };
  }
  const more = random.chance(0.3) ? ` AND ${randomCondition(random, operands, fragile, 1)}` : "";
  return { ...from, sql: `${from.sql} ${kind} ${item.sql} ON ${equality}${more}`, operands };
}

function columnName(operand: Operand): string {
  return operand.sql.slice(operand.sql.indexOf(".") + 1);
}

function joinable(left: Operand, right: Operand): boolean {
  if (left.kind === right.kind) return left.kind.family !== "bool";
  return left.kind.family === right.kind.family && left.kind.family !== "array";
}

function randomItem(random: SeededRandom, schema: Schema, alias: string): Item {
  const table = random.pick(schema.tables);
  if (random.chance(0.15)) return subquery(random, table, alias);
  return { sql: `${table.name} AS ${alias}`, operands: columnsOf(table, alias) };
}

function columnsOf(table: Table, alias: string): Operand[] {
  return table.columns.map((column) => ({ sql: `${alias}.${column.name}`, kind: column.kind }));
}

/** A filtered table, a grouped one, or two tables after one another; with the column `link`, so that it can be joined. */
function subquery(random: SeededRandom, table: Table, alias: string): Item {
  const link: Operand = { sql: `${alias}.link`, kind: kindById("num") };
  const columns = columnsOf(table, "i");
  const where = random.chance(0.5) ? ` WHERE ${randomCondition(random, columns, false, 1)}` : "";
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
