import type { SeededRandom } from "@freshet/base";
import { typedLiteral } from "./column-types.ts";
import type { ColumnKind } from "./column-types.ts";

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  /** The expression of a generated column, which nobody writes; undefined of all others. */
  readonly generated?: string;
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
