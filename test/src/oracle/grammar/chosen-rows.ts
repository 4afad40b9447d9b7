import { columnList, type Draft, keyOperands, type Operand, where } from "./draft.ts";
import { randomExpression } from "./expressions.ts";
import { randomKeys } from "./parameters.ts";
import { randomSource, type Select } from "./select.ts";

interface Body {
  readonly outputs: readonly Operand[];
  readonly list: string;
  /** From FROM on. */
  readonly rest: string;
  /** An order that tells all rows apart, so that it is fixed which are chosen. */
  readonly order: string;
}

function randomBody(draft: Draft, isOrdered: boolean): Body {
  const { random, wishes } = draft;
  const { from, conditions } = randomSource(draft, true);
  const shown = keyOperands(random, from.operands);
  const ordered = Array.from({ length: random.integer(1, 5) }, () => randomExpression(draft, shown, false)).filter(
    ({ kind }) => kind.ordered,
  );
  const outputs = ordered.length > 0 ? ordered : shown.filter(({ kind }) => kind.ordered).slice(0, 1);
  if (outputs.some(({ kind }) => kind.loose)) draft.loose = true;
  const keys = wishes.forTable || isOrdered ? [] : randomKeys(draft, from.operands, false);
  const order = outputs.map((_output, index) => `${index + 1}${random.pick(["", " DESC", " NULLS FIRST"])}`).join(", ");
  return {
    outputs,
    list: columnList(draft, outputs),
    rest: ` FROM ${from.sql}${where([...conditions, ...keys])}`,
    order,
  };
}

/** The query, or a query over it where an ORDER BY is to follow. */
function select(draft: Draft, sql: string, outputs: readonly Operand[], isOrdered: boolean): Select {
  const names = outputs.map((_output, index) => `c${index + 1}`).join(", ");
  return { core: isOrdered ? `SELECT * FROM (${sql}) AS ${draft.alias()}(${names})` : sql, outputs };
}

/** SELECT DISTINCT ON. */
export function distinctOnSelect(draft: Draft, isOrdered: boolean): Select {
  const { outputs, list, rest, order } = randomBody(draft, isOrdered);
  const on = outputs.slice(0, draft.random.integer(1, outputs.length)).map((_output, index) => index + 1);
  const sql = `SELECT DISTINCT ON (${on.join(", ")}) ${list}${rest} ORDER BY ${order}`;
  return select(draft, sql, outputs, isOrdered);
}

/** FETCH FIRST … WITH TIES. Behind an OFFSET only a whole order fixes the rows. */
export function withTiesSelect(draft: Draft, isOrdered: boolean): Select {
  const { random } = draft;
  const { outputs, list, rest, order } = randomBody(draft, isOrdered);
  const items = order.split(", ");
  const offset = draft.use("OFFSET before ties", 0.3) ? ` OFFSET ${random.integer(0, 3)} ROWS` : "";
  const by = offset === "" ? items.slice(0, random.integer(1, items.length)).join(", ") : order;
  const sql = `SELECT ${list}${rest} ORDER BY ${by}${offset} FETCH FIRST ${random.pick([1, 2, 5])} ROWS WITH TIES`;
  return select(draft, sql, outputs, isOrdered);
}
