import type { SeededRandom } from "@freshet/base";
import { randomColumnValue } from "./schema.ts";
import type { Column, Schema, Table } from "./schema.ts";

/**
 * The statements between BEGIN and COMMIT of a random transaction. What PostgreSQL refuses (a key that exists) is undone by
 * itself, see run-transaction.ts. Which rows a statement meets depends on nothing but the rows.
 */
export function randomTransaction(random: SeededRandom, schema: Schema): readonly string[] {
  const size = random.chance(0.06) ? random.integer(15, 40) : random.integer(1, 6);
  const statements: string[] = [];
  for (let index = 0; index < size; index += 1) {
    const table = random.pick(schema.written);
    if (random.chance(0.06)) statements.push(...undone(random, table));
    else statements.push(randomStatement(random, table));
  }
  if (random.chance(0.02)) statements.push("ROLLBACK");
  return statements;
}

/** Rows to begin with. */
export function initialRows(random: SeededRandom, schema: Schema): readonly string[] {
  return schema.written.flatMap((table) => (random.chance(0.1) ? [] : [insert(random, table, random.integer(3, 25))]));
}

function randomStatement(random: SeededRandom, table: Table): string {
  const dice = random.float();
  if (dice < 0.4) return insert(random, table, random.chance(0.1) ? random.integer(10, 30) : random.integer(1, 5));
  if (dice < 0.78) return update(random, table);
  if (dice < 0.975) return `DELETE FROM ${table.name} WHERE ${someRows(random, table)}`;
  if (dice < 0.985) return `DELETE FROM ${table.name}`;
  return `TRUNCATE ${table.name}`;
}

function undone(random: SeededRandom, table: Table): string[] {
  return [
    "SAVEPOINT undone",
    randomStatement(random, table),
    randomStatement(random, table),
    "ROLLBACK TO SAVEPOINT undone",
  ];
}

/** The columns that can be written. */
function plainColumns(table: Table): readonly Column[] {
  return table.columns.filter(({ generated }) => generated === undefined);
}

function insert(random: SeededRandom, table: Table, rows: number): string {
  const columns = plainColumns(table);
  const names = columns.map((column) => column.name).join(", ");
  const values = Array.from(
    { length: rows },
    () => `(${columns.map((column) => randomColumnValue(random, table, column)).join(", ")})`,
  );
  const conflict = table.key.length > 0 ? ` ON CONFLICT ${upsert(random, table)}` : "";
  return `INSERT INTO ${table.name} (${names}) VALUES ${values.join(", ")}${conflict}`;
}

function upsert(random: SeededRandom, table: Table): string {
  const other = plainColumns(table).find((column) => !table.key.includes(column));
  if (other === undefined || random.chance(0.8)) return "DO NOTHING";
  // PostgreSQL refuses to meet the same row twice in one statement.
  return `(${table.key.map((column) => column.name).join(", ")}) DO UPDATE SET ${other.name} = EXCLUDED.${other.name}`;
}

function update(random: SeededRandom, table: Table): string {
  const where = someRows(random, table);
  if (random.chance(0.08)) {
    const column = random.pick(plainColumns(table));
    return `UPDATE ${table.name} SET ${column.name} = ${column.name} WHERE ${where}`;
  }
  const free = plainColumns(table).filter((column) => !table.key.includes(column));
  const changed: Column[] = random.shuffle(free).slice(0, random.integer(1, 3));
  if (table.key.length > 0 && random.chance(0.2)) changed.push(random.pick(table.key));
  const settings = changed.map((column) => `${column.name} = ${newValue(random, table, column)}`);
  return `UPDATE ${table.name} SET ${settings.join(", ")} WHERE ${where}`;
}

function newValue(random: SeededRandom, table: Table, column: Column): string {
  const other = plainColumns(table).find((candidate) => candidate !== column && candidate.kind === column.kind);
  if (other !== undefined && !table.key.includes(column) && column.nullable && random.chance(0.2)) return other.name;
  return randomColumnValue(random, table, column);
}

function someRows(random: SeededRandom, table: Table): string {
  const column = random.chance(0.5) && table.key.length > 0 ? random.pick(table.key) : random.pick(table.columns);
  if (random.chance(0.1)) return `${column.name} IS ${random.chance(0.5) ? "" : "NOT "}NULL`;
  const equality = column.kind.ordered ? random.pick(["=", "=", "=", "<", ">"]) : "=";
  const value = randomColumnValue(random, table, column);
  return value === "NULL" ? `${column.name} IS NULL` : `${column.name} ${equality} ${value}`;
}
