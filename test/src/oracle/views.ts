import type { SeededRandom } from "@freshet/base";
import { randomCondition } from "./grammar/conditions.ts";
import { Draft, where } from "./grammar/draft.ts";
import { type FromClause, randomFrom } from "./grammar/from-clause.ts";
import type { Column, Table } from "./schema.ts";

/** A view and the statements that make it. */
interface ViewDefinition {
  readonly table: Table;
  readonly statements: readonly string[];
}

/** Up to two views over the tables; the second may read the first. */
export function randomViews(random: SeededRandom, tables: readonly Table[]): ViewDefinition[] {
  const views: ViewDefinition[] = [];
  for (let index = random.integer(0, 3); index > 0; index -= 1) {
    const readable = [...tables, ...views.map(({ table }) => table)];
    const view = randomView(random, `v${views.length + 1}`, readable);
    if (view !== undefined) views.push(view);
  }
  return views;
}

/** Some columns of a FROM clause, `link` among them; undefined when they would not be the same each time. */
function randomView(random: SeededRandom, name: string, tables: readonly Table[]): ViewDefinition | undefined {
  const draft = new Draft(random, { tables, written: [], statements: [] }, { forTable: true });
  // Views may be joined with themselves: large ones would grow beyond measure.
  const joins = random.chance(0.25) ? 1 : 0;
  let from = randomFrom(draft, false);
  while (countJoins(from) > joins) from = randomFrom(draft, false);
  const conditions = [...from.conditions];
  if (random.chance(0.4)) conditions.push(randomCondition(draft, from.operands, false, 1));
  const columns = new Map<string, { readonly column: Column; readonly sql: string }>();
  for (const { sql, kind } of random.shuffle(from.operands)) {
    const own = sql.slice(sql.indexOf(".") + 1);
    const shown = own === "link" || own === "wide" || random.chance(0.5) ? own : `${own}_v`;
    if (!columns.has(shown)) columns.set(shown, { column: { name: shown, kind, nullable: true }, sql });
  }
  if (draft.loose || !columns.has("link") || columns.size < 2) return undefined;
  const list = [...columns].map(([shown, { sql }]) => `${sql} AS ${shown}`).join(", ");
  const options = random.pick(["", "", " WITH (security_barrier)"]);
  const table: Table = {
    name,
    feature: "view",
    columns: [...columns.values()].map(({ column }) => column),
    key: [],
    wide: columns.get("wide")?.column,
  };
  return {
    table,
    statements: [`CREATE VIEW ${name}${options} AS SELECT ${list} FROM ${from.sql}${where(conditions)}`],
  };
}

function countJoins({ sql, conditions }: FromClause): number {
  return sql.split(" JOIN ").length - 1 + conditions.length;
}
