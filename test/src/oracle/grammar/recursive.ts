import { kindById } from "../column-types.ts";
import { randomCondition } from "./conditions.ts";
import type { Draft, Operand } from "./draft.ts";
import { columnsOf, randomTable } from "./tables.ts";
import type { FromItem } from "./from-item.ts";

const NO_PATHS = { name: "", start: "", shown: "" } as const;

/** Follows links from table to table: all that can be reached, or the ways of a few steps. */
export function recursiveItem(draft: Draft, alias: string): FromItem {
  const { random } = draft;
  const [first, second] = [randomTable(draft), randomTable(draft)];
  const start = random.chance(0.6) ? ` WHERE ${randomCondition(draft, columnsOf(first, "b"), false, 1)}` : "";
  const edges = columnsOf(second, "e");
  const targets = edges.filter(({ kind }) => kind.id === "num").map(({ sql }) => sql);
  const target = random.pick([...targets, "(e.link / 2 - 1)", "(e.link % 3)"]);
  const also = random.chance(0.3) ? ` AND ${randomCondition(draft, edges, false, 1)}` : "";
  const num = kindById("num");
  const link: Operand = { sql: `${alias}.link`, kind: num };
  if (draft.use("recursive UNION ALL", 0.4)) {
    const steps = random.integer(1, 4);
    const withPaths = draft.use("path in a recursion", 0.4);
    const paths = withPaths
      ? { name: ", t, p", start: ", b.link::text, ARRAY[b.link]", shown: ", r.t, r.p[2] AS p" }
      : NO_PATHS;
    const next = withPaths ? ", r.t || '/' || e.link::text, r.p || e.link" : "";
    const unmet = withPaths && random.chance(0.5) ? ` AND ${target} <> ALL (r.p)` : "";
    const base = `SELECT b.link, 1${paths.start} FROM ${first.name} AS b${start}`;
    const term = `SELECT ${target}, r.d + 1${next} FROM ${second.name} AS e JOIN r ON e.link = r.link WHERE r.d < ${steps}${also}${unmet}`;
    const body = `WITH RECURSIVE r(link, d${paths.name}) AS (${base} UNION ALL ${term}) SELECT r.link, r.d${paths.shown} FROM r`;
    const shown: Operand[] = withPaths
      ? [
          { sql: `${alias}.t`, kind: kindById("txt") },
          { sql: `${alias}.p`, kind: num },
        ]
      : [];
    return { sql: `(${body}) AS ${alias}`, operands: [link, { sql: `${alias}.d`, kind: num }, ...shown] };
  }
  const base = `SELECT b.link FROM ${first.name} AS b${start}`;
  const term = `SELECT ${target} FROM r JOIN ${second.name} AS e ON e.link = r.link${also}`;
  const body = `WITH RECURSIVE r(link) AS (${base} UNION ${term}) SELECT r.link FROM r`;
  return { sql: `(${body}) AS ${alias}`, operands: [link] };
}
