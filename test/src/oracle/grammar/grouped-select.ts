import { kindById } from "../column-types.ts";
import { randomAggregate } from "./aggregates.ts";
import { columnList, type Draft, keyOperands, type Operand, where } from "./draft.ts";
import { randomGroupingSets } from "./grouping-sets.ts";
import { randomHavingParameters } from "./having-parameters.ts";
import { randomKeys } from "./parameters.ts";
import { randomSource, type Select } from "./select.ts";

/** Groups and aggregates over FROM, perhaps with HAVING. */
export function groupedSelect(draft: Draft, isOrdered: boolean): Select {
  const { random, wishes } = draft;
  const { from, conditions } = randomSource(draft, isOrdered);
  const { operands } = from;
  const groups = random.shuffle(keyOperands(random, operands)).slice(0, random.pick([0, 1, 1, 1, 2]));
  if (groups.some(({ kind }) => kind.loose)) draft.loose = true;
  const aggregates = Array.from({ length: random.integer(1, 4) }, () => randomAggregate(draft, operands));
  const sets =
    groups.length > 0 && draft.use("several grouping sets", 0.15) ? randomGroupingSets(draft, groups) : undefined;
  const outputs: Operand[] = [...(sets?.shown ?? groups), ...(sets?.outputs ?? []), ...aggregates];
  // A list of all members beside each of them would make answers grow with the square of a group.
  const hasLists = aggregates.some(({ sql }) => sql.includes("_agg("));
  if (!hasLists && draft.use("set over groups", 0.1)) outputs.push(setOverGroups(draft, operands, groups));
  const having = draft.use("HAVING", 0.25)
    ? ` HAVING ${random.pick(["count(*) > 1", "count(*) % 2 = 0", havingOf(draft, operands)])}`
    : "";
  // Keys that are grouped by may be lists and ranges, others only single values.
  const isGroupKey = groups.length > 0 && sets === undefined && random.chance(0.5);
  const keys = wishes.forTable ? [] : randomKeys(draft, isGroupKey ? groups : operands, isGroupKey);
  const groupKeys =
    !wishes.forTable && groups.length > 0 && sets === undefined
      ? randomHavingParameters(draft, [...groups, ...aggregates])
      : [];
  const filter = [having.slice(" HAVING ".length), ...groupKeys].filter((condition) => condition !== "");
  const by = groups.length === 0 ? "" : ` GROUP BY ${sets?.by ?? groups.map(({ sql }) => sql).join(", ")}`;
  const list = columnList(draft, outputs);
  return {
    core: `SELECT ${list} FROM ${from.sql}${where([...conditions, ...keys])}${by}${filter.length === 0 ? "" : ` HAVING ${filter.join(" AND ")}`}`,
    outputs,
  };
}

/** A set-returning function of groups and aggregates; what is collected has an order that leaves nothing open. */
function setOverGroups(draft: Draft, operands: readonly Operand[], groups: readonly Operand[]): Operand {
  const { random } = draft;
  const series: Operand = { sql: "generate_series(1, count(*) % 3)", kind: kindById("big") };
  const whole = groups.find(({ kind }) => ["sma", "num", "big"].includes(kind.id));
  const ofGroup = whole === undefined ? series : { ...series, sql: `generate_series(0, ${whole.sql}::int8 % 3)` };
  const exact = keyOperands(random, operands).filter(({ kind }) => kind.ordered && !kind.loose);
  if (exact.length === 0 || random.chance(0.4)) return random.pick([series, ofGroup]);
  const { sql, kind } = random.pick(exact);
  return { sql: `unnest(array_agg(${sql} ORDER BY ${sql}${random.pick(["", " DESC"])}))`, kind };
}

function havingOf(draft: Draft, operands: readonly Operand[]): string {
  const { sql, kind } = draft.random.pick(operands);
  if (kind.summable) return `sum(${sql}) > ${draft.random.integer(-2, 5)}`;
  return `count(${sql}) >= ${draft.random.integer(0, 3)}`;
}
