import { randomFilter } from "./aggregate-filter.ts";
import type { Draft, Operand } from "./draft.ts";
import { jsonOperand, resultKind } from "./list-aggregates.ts";

function textList(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const texts = operands.filter(({ kind }) => kind.family === "text");
  const delimiter =
    texts.length > 0 && random.chance(0.3) ? random.pick(texts).sql : random.pick(["','", "''", "NULL"]);
  const sql = texts.length > 0 ? random.pick(texts).sql : random.pick(["'x'", "NULL::text"]);
  return { sql: `string_agg(${sql}, ${delimiter})`, kind: resultKind("text") };
}

function arrayList(draft: Draft, operands: readonly Operand[]): Operand {
  const { sql, kind } = draft.random.pick(operands);
  return { sql: `array_agg(${sql})`, kind: resultKind(`${kind.sql}[]`) };
}

function jsonList(draft: Draft, operands: readonly Operand[]): Operand {
  const target = draft.random.pick(["json", "jsonb"]);
  return { sql: `${target}_agg(${jsonOperand(draft, operands).sql})`, kind: resultKind(target) };
}

/** An aggregate that makes one value of all rows of a frame, without ORDER BY within: the window's order is theirs. */
export function windowedList(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  if (random.chance(0.2)) return objectList(draft, operands);
  const list = random.pick([textList, arrayList, jsonList])(draft, operands);
  return { ...list, sql: `${list.sql}${randomFilter(draft, operands)}` };
}

function objectList(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const [key, value] = [jsonOperand(draft, operands), jsonOperand(draft, operands)];
  const target = random.pick(["json", "jsonb"]);
  // A NULL key fails, in the rows alone whose frames have it.
  const filter = random.chance(0.8) ? ` FILTER (WHERE ${key.sql} IS NOT NULL)` : "";
  return { sql: `${target}_object_agg(${key.sql}, ${value.sql})${filter}`, kind: resultKind(target) };
}
