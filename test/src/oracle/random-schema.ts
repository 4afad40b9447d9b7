import type { SeededRandom } from "@freshet/base";
import { columnKinds } from "./column-types.ts";
import { upstreamFunctionStatements } from "./grammar/upstream-functions.ts";
import { randomFamily } from "./random-tables.ts";
import type { Schema } from "./schema.ts";
import { randomViews } from "./views.ts";

/** Two to four tables whose columns share names and types, views on them, and statements that make them. */
export function randomSchema(random: SeededRandom): Schema {
  const shared = random.shuffle(columnKinds).slice(0, 9);
  const count = random.integer(2, 5);
  const made = Array.from({ length: count }, (_, index) => randomFamily(random, `t${index + 1}`, shared));
  const tables = made.flatMap((family) => family.tables);
  const views = randomViews(random, tables);
  return {
    tables: [...tables, ...views.map(({ table }) => table)],
    written: made.flatMap((family) => family.written),
    statements: [
      "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')",
      "CREATE DOMAIN amount AS numeric(10,2)",
      'CREATE TYPE pair AS (a int4, b text COLLATE "C")',
      ...upstreamFunctionStatements,
      ...[...made, ...views].flatMap(({ statements }) => statements),
    ],
  };
}
