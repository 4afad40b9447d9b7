import type { SeededRandom } from "@freshet/base";
import { columnKinds } from "./column-types.ts";
import { randomTable, type Schema } from "./schema.ts";
import { randomViews } from "./views.ts";

/** Two to four tables whose columns share names and types, and statements that make them. */
export function randomSchema(random: SeededRandom): Schema {
  const shared = random.shuffle(columnKinds).slice(0, 9);
  const count = random.integer(2, 5);
  const made = Array.from({ length: count }, (_, index) => randomTable(random, `t${index + 1}`, shared));
  const tables = made.map(({ table }) => table);
  const views = randomViews(random, tables);
  return {
    tables: [...tables, ...views.map(({ table }) => table)],
    written: tables,
    statements: [
      "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')",
      ...[...made, ...views].flatMap(({ statements }) => statements),
    ],
  };
}
