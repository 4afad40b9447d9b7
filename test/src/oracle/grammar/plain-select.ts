import { columnList, type Draft, keyOperands, where } from "./draft.ts";
import { randomExpression } from "./expressions.ts";
import { randomKeys } from "./parameters.ts";
import { randomReadConditions } from "./read-conditions.ts";
import { randomSet, randomSetColumn } from "./row-sources.ts";
import { randomWholeRows } from "./whole-rows.ts";
import { randomSource, type Select } from "./select.ts";

/** Columns and expressions over FROM, perhaps DISTINCT. */
export function plainSelect(draft: Draft, isOrdered: boolean): Select {
  const { random, wishes } = draft;
  const { from, conditions, fragile } = randomSource(draft, isOrdered);
  const distinct = draft.use("DISTINCT", 0.15);
  const shown = distinct || isOrdered ? keyOperands(random, from.operands) : from.operands;
  const outputs = Array.from({ length: random.integer(1, 6) }, () => randomExpression(draft, shown, fragile));
  if (draft.use("set-returning function", 0.08)) {
    for (let count = random.integer(1, 2); count > 0; count -= 1) outputs.push(randomSet(draft, from.operands));
  }
  if (draft.use("column of a set-returning function", 0.05)) outputs.push(randomSetColumn(draft, from.operands));
  // Which of several equal rows DISTINCT shows is open; a table's column has one type with a name.
  if (!distinct && !wishes.forTable) outputs.push(...randomWholeRows(draft, from.operands));
  if (distinct && outputs.some(({ kind }) => kind.loose)) draft.loose = true;
  const keys = wishes.forTable ? [] : randomKeys(draft, from.operands, !distinct);
  // Where rows are merged, or nothing is a key, such conditions are not followed row by row.
  if (keys.length > 0 && !distinct)
    keys.splice(random.integer(0, keys.length), 0, ...randomReadConditions(draft, from.operands));
  const list = columnList(draft, outputs);
  return {
    core: `SELECT ${distinct ? "DISTINCT " : ""}${list} FROM ${from.sql}${where([...conditions, ...keys])}`,
    outputs,
  };
}
