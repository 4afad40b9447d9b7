import type { Table } from "./schema.ts";

/** How a table's rows are identified in the stream of changes. */
export type Identity = "primary key" | "unique index" | "full" | "full with key";

/** A table by itself, or with those that hold its rows. */
export interface TableFamily {
  /** What queries read. */
  readonly tables: readonly Table[];
  /** What transactions change. */
  readonly written: readonly Table[];
  readonly statements: readonly string[];
}

/** The statements that make a table. */
export function definition(table: Table, identity: Identity, suffix = ""): string[] {
  const { name, key, wide } = table;
  const list = columnDefinitions(table);
  const names = key.map((column) => column.name).join(", ");
  if (identity === "primary key" || identity === "full with key") list.push(`PRIMARY KEY (${names})`);
  const statements = [`CREATE TABLE ${name} (${list.join(", ")})${suffix}`];
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

export function columnDefinitions({ columns }: Pick<Table, "columns">): string[] {
  return columns.map(({ name, kind, nullable, generated }) => {
    const expression = generated === undefined ? "" : ` GENERATED ALWAYS AS (${generated}) STORED`;
    return `${name} ${kind.sql}${nullable ? "" : " NOT NULL"}${expression}`;
  });
}
