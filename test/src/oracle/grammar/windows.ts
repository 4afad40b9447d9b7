import { kindById } from "../column-types.ts";
import { randomAggregate } from "./aggregates.ts";
import { columnList, type Draft, type Form, keyOperands, type Operand, where } from "./draft.ts";
import { windowedList } from "./window-lists.ts";
import { randomKeys } from "./parameters.ts";
import { randomSource, type Select } from "./select.ts";
import { isMeasured, randomFrame } from "./window-frames.ts";

/** What a window function may name. */
interface WindowScope {
  /** Columns of the answer; equal ones look the same. Rows that agree in all of them cannot be told apart. */
  readonly shown: readonly Operand[];
  readonly operands: readonly Operand[];
  readonly partition: readonly Operand[];
  /**
   * An order in which only rows that look alike are tied, and its text. One for all windows of the query: in another one, what belongs to
   * which of the rows that look alike would be open.
   */
  readonly total: { readonly order: readonly Operand[]; readonly text: string };
}

interface WindowForm extends Form {
  write(draft: Draft, scope: WindowScope): Operand;
}

const windowForms: readonly WindowForm[] = [
  { feature: "rank functions", weight: 3, write: rankFunction },
  { feature: "row_number, ntile", weight: 2, write: placeFunction },
  { feature: "lag, lead", weight: 3, write: shiftFunction },
  { feature: "first_value, last_value, nth_value", weight: 3, write: valueFunction },
  { feature: "aggregate over a window", weight: 5, write: windowAggregate },
  { feature: "list over a window", weight: 2, write: windowList },
];

function orderText(draft: Draft, order: readonly Operand[]): string {
  const { random } = draft;
  const items = order.map(({ sql }) => `${sql}${random.pick(["", "", " DESC", " NULLS FIRST", " DESC NULLS LAST"])}`);
  return items.length === 0 ? "" : ` ORDER BY ${items.join(", ")}`;
}

function over({ partition }: WindowScope, rest: string): string {
  const by = partition.length === 0 ? "" : `PARTITION BY ${partition.map(({ sql }) => sql).join(", ")}`;
  return ` OVER (${`${by}${rest}`.trim()})`;
}

function scopeOf(
  draft: Draft,
  shown: readonly Operand[],
  operands: readonly Operand[],
  partition: readonly Operand[],
): WindowScope {
  const order = draft.random.shuffle(shown);
  return { shown, operands, partition, total: { order, text: orderText(draft, order) } };
}

/** Some order, with ties. */
function looseOrder(draft: Draft, { shown }: WindowScope): readonly Operand[] {
  return draft.random.shuffle(shown).slice(0, draft.random.pick([0, 1, 1, 1, 2]));
}

function rankFunction(draft: Draft, scope: WindowScope): Operand {
  const name = draft.random.pick(["rank", "dense_rank", "percent_rank", "cume_dist"]);
  const kind = kindById(name === "rank" || name === "dense_rank" ? "big" : "flo");
  return { sql: `${name}()${over(scope, orderText(draft, looseOrder(draft, scope)))}`, kind };
}

function placeFunction(draft: Draft, scope: WindowScope): Operand {
  const { random } = draft;
  const name = random.pick(["row_number()", "row_number()", `ntile(${random.integer(1, 5)})`]);
  const kind = kindById(name.startsWith("ntile") ? "num" : "big");
  return { sql: `${name}${over(scope, scope.total.text)}`, kind };
}

function shiftFunction(draft: Draft, scope: WindowScope): Operand {
  const { random } = draft;
  const { sql, kind } = random.pick(scope.shown);
  const offset = random.pick(["", "", `, ${random.integer(0, 4)}`, ", -1", ", NULL"]);
  const otherwise = offset !== "" && random.chance(0.4) ? `, ${draft.literal(kind)}` : "";
  const name = random.pick(["lag", "lead"]);
  return {
    sql: `${name}(${sql}${offset}${otherwise})${over(scope, scope.total.text)}`,
    kind,
  };
}

function valueFunction(draft: Draft, scope: WindowScope): Operand {
  const { random } = draft;
  const { sql, kind } = random.pick(scope.shown);
  const { order, text } = scope.total;
  const place = random.integer(1, 4);
  const call = random.pick([`first_value(${sql})`, `last_value(${sql})`, `nth_value(${sql}, ${place})`]);
  return { sql: `${call}${over(scope, text + randomFrame(draft, order, true))}`, kind };
}

/** Aggregates that a window may have: no DISTINCT, no ORDER BY within. */
function windowAggregate(draft: Draft, scope: WindowScope): Operand {
  const { random } = draft;
  const aggregate = plainAggregate(draft, scope);
  const isTotal = random.chance(0.5);
  const measured = scope.shown.filter(isMeasured);
  const order = isTotal
    ? scope.total.order
    : measured.length > 0 && random.chance(0.4)
      ? [random.pick(measured)]
      : looseOrder(draft, scope);
  const frame = randomFrame(draft, order, isTotal);
  const text = isTotal ? scope.total.text : orderText(draft, order);
  return { ...aggregate, sql: `${aggregate.sql}${over(scope, text + frame)}` };
}

/** What is collected of each frame, in an order that leaves nothing open. */
function windowList(draft: Draft, scope: WindowScope): Operand {
  const list = windowedList(draft, scope.shown);
  const { order, text } = scope.total;
  return { ...list, sql: `${list.sql}${over(scope, text + randomFrame(draft, order, true))}` };
}

/** Calls that stand by themselves, so that OVER can follow. */
const overable = /^(count|sum|avg|min|max|bool_and|bool_or|every|bit_and|bit_or|bit_xor)\(/;

function plainAggregate(draft: Draft, scope: WindowScope): Operand {
  for (let attempt = 0; attempt < 20; attempt++) {
    const aggregate = randomAggregate(draft, scope.shown);
    if (overable.test(aggregate.sql) && !/DISTINCT|ORDER BY/.test(aggregate.sql)) return aggregate;
  }
  return { sql: "count(*)", kind: kindById("big") };
}

/** Columns that can tell rows apart and be sorted by; an integer is among them, where there is one. */
function showable(draft: Draft, operands: readonly Operand[]): readonly Operand[] {
  const { random } = draft;
  const usable = keyOperands(random, operands).filter(({ kind }) => kind.ordered && !kind.loose);
  const chosen = random.shuffle(usable).slice(0, random.integer(1, 4));
  const link = usable.find(({ sql }) => sql.endsWith(".link"));
  return link === undefined || chosen.includes(link) ? chosen : random.shuffle([...chosen, link]);
}

/** Window functions beside columns; parameters only on what every window is partitioned by. */
export function windowSelect(draft: Draft, isOrdered: boolean): Select {
  const { random, wishes } = draft;
  const { from, conditions } = randomSource(draft, isOrdered);
  const shown = showable(draft, from.operands);
  if (shown.length === 0)
    return {
      core: `SELECT count(*) AS c1 FROM ${from.sql}${where(conditions)}`,
      outputs: [{ sql: "", kind: kindById("big") }],
    };
  const partition = shown.slice(0, random.pick([0, 1, 1, 2]));
  const scope = scopeOf(draft, shown, from.operands, partition);
  const calls = Array.from({ length: random.integer(1, 3) }, () => draft.pick(windowForms).write(draft, scope));
  const outputs = [...shown, ...calls];
  const keys = wishes.forTable || partition.length === 0 ? [] : randomKeys(draft, partition, true);
  const core = `SELECT ${columnList(draft, outputs)} FROM ${from.sql}${where([...conditions, ...keys])}`;
  return { core, outputs };
}

/** The first rows of each partition. */
export function topOfEach(draft: Draft, isOrdered: boolean): Select {
  const { random } = draft;
  const { from, conditions } = randomSource(draft, isOrdered);
  const shown = showable(draft, from.operands);
  if (shown.length === 0) return windowSelect(draft, isOrdered);
  const scope = scopeOf(draft, shown, from.operands, shown.slice(0, random.pick([0, 1, 1])));
  const name = random.pick(["row_number", "row_number", "rank", "dense_rank"]);
  const order = name === "row_number" ? scope.total.text : orderText(draft, looseOrder(draft, scope));
  const call = `${name}()${over(scope, order)}`;
  const list = shown.map(({ sql }, index) => `${sql} AS c${index + 1}`).join(", ");
  const alias = draft.alias();
  const inner = `SELECT ${list}, ${call} AS rn FROM ${from.sql}${where(conditions)}`;
  const bound = random.pick(["rn <= 3", "rn < 3", "rn = 1", "2 >= rn", "rn <= 2 AND rn > 1"]);
  const outputs: Operand[] = [
    ...shown.map(({ kind }, index) => ({ sql: `${alias}.c${index + 1}`, kind })),
    { sql: `${alias}.rn`, kind: kindById("big") },
  ];
  return { core: `SELECT ${columnList(draft, outputs)} FROM (${inner}) AS ${alias} WHERE ${bound}`, outputs };
}

/** Windows over groups. */
export function windowOverGroups(draft: Draft, isOrdered: boolean): Select {
  const { random } = draft;
  const { from, conditions } = randomSource(draft, isOrdered);
  const groups = showable(draft, from.operands).slice(0, 2);
  if (groups.length === 0) return windowSelect(draft, isOrdered);
  const scope = scopeOf(draft, groups, groups, groups.slice(0, random.pick([0, 0, 1])));
  const { order, text } = scope.total;
  const frame = randomFrame(draft, order, true);
  const running: Operand = {
    sql: `sum(count(*))${over(scope, text + frame)}`,
    kind: kindById("dec"),
  };
  const ranked: Operand = {
    sql: `rank()${over(scope, ` ORDER BY count(*)${random.pick(["", " DESC"])}`)}`,
    kind: kindById("big"),
  };
  const outputs: Operand[] = [...groups, { sql: "count(*)", kind: kindById("big") }, running, ranked];
  const by = groups.map(({ sql }) => sql).join(", ");
  return { core: `SELECT ${columnList(draft, outputs)} FROM ${from.sql}${where(conditions)} GROUP BY ${by}`, outputs };
}
