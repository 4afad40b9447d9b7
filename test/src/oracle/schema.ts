import type { SeededRandom } from "@freshet/base";
import { kindById, typedLiteral } from "./column-types.ts";
import type { ColumnKind } from "./column-types.ts";

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
}

/** What a query can read from by name. */
export interface Table {
  readonly name: string;
  /** What kind of table it is, as a feature of the grammar. */
  readonly feature: string;
  readonly columns: readonly Column[];
  /** Columns of its key; none when rows may repeat. */
  readonly key: readonly Column[];
  /** A text column whose values may be kept out of line; undefined without one. */
  readonly wide: Column | undefined;
}

export interface Schema {
  /** What queries read. */
  readonly tables: readonly Table[];
  /** What transactions change. */
  readonly written: readonly Table[];
  readonly statements: readonly string[];
}

/** A table and the statements that make it. */
export interface TableDefinition {
  readonly table: Table;
  readonly statements: readonly string[];
}

type Identity = "primary key" | "unique index" | "full" | "full with key";

const keyKinds = ["num", "num", "big", "txt", "dec", "uid", "sma", "day", "var", "flo", "chr"] as const;

/** A table with some of the kinds `shared`. */
export function randomTable(random: SeededRandom, name: string, shared: readonly ColumnKind[]): TableDefinition {
  const identity: Identity = random.pick([
    "primary key",
    "primary key",
    "primary key",
    "unique index",
    "full",
    "full with key",
  ]);
  const key = identity === "full" ? [] : randomKey(random);
  const columns: Column[] = [...key];
  for (const kind of random.shuffle(shared).slice(0, random.integer(2, 6))) {
    columns.push({ name: `${kind.id}_c`, kind, nullable: random.chance(0.85) });
  }
  // Every table can be joined and summed by this one.
  columns.push({ name: "link", kind: kindById("num"), nullable: true });
  const wide: Column | undefined = random.chance(0.4)
    ? { name: "wide", kind: kindById("txt"), nullable: true }
    : undefined;
  if (wide !== undefined) columns.push(wide);
  const ordered = random.chance(0.3) ? random.shuffle(columns) : columns;
  const table: Table = { name, feature: "table", columns: ordered, key, wide };
  return { table, statements: definition(table, identity) };
}

function randomKey(random: SeededRandom): Column[] {
  const first: Column = { name: "id", kind: kindById(random.pick(keyKinds)), nullable: false };
  if (random.chance(0.65)) return [first];
  return [first, { name: "part", kind: kindById(random.pick(keyKinds)), nullable: false }];
}

function definition(table: Table, identity: Identity): string[] {
  const { name, columns, key, wide } = table;
  const list = columns.map((column) => `${column.name} ${column.kind.sql}${column.nullable ? "" : " NOT NULL"}`);
  const names = key.map((column) => column.name).join(", ");
  if (identity === "primary key" || identity === "full with key") list.push(`PRIMARY KEY (${names})`);
  const statements = [`CREATE TABLE ${name} (${list.join(", ")})`];
  if (identity === "unique index") {
    statements.push(
      `CREATE UNIQUE INDEX ${name}_identity ON ${name} (${names})`,
      `ALTER TABLE ${name} REPLICA IDENTITY USING INDEX ${name}_identity`,
    );
  }
  if (identity === "full" || identity === "full with key") statements.push(`ALTER TABLE ${name} REPLICA IDENTITY FULL`);
  if (wide !== undefined) statements.push(`ALTER TABLE ${name} ALTER COLUMN ${wide.name} SET STORAGE EXTERNAL`);
  return statements;
}

/** An SQL expression for a value of `column`. */
export function randomColumnValue(random: SeededRandom, table: Table, column: Column): string {
  if (column.nullable && random.chance(0.2)) return "NULL";
  if (column === table.wide && random.chance(0.6)) {
    return `repeat('${random.pick(["x", "ä", "yz"])}', ${random.pick([3000, 5000, 9000])})`;
  }
  if (column.name === "link") return String(random.integer(0, 5));
  if (column.name === "id" && ["num", "big", "sma"].includes(column.kind.id)) return String(random.integer(0, 40));
  if (column.name === "id" && column.kind.id === "txt") return `'k${random.integer(0, 40)}'`;
  return typedLiteral(column.kind, random.pick(column.kind.values));
}
