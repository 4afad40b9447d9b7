import { kindById } from "../column-types.ts";
import type { ColumnKind } from "../column-types.ts";
import { randomFilter } from "./aggregate-filter.ts";
import { type Draft, keyOperands, type Operand } from "./draft.ts";
import type { AggregateForm } from "./forms.ts";

/** Kinds whose JSON text depends on the session, which is refused: they are asked for now and then. */
const sessionKinds: readonly string[] = ["ins", "rea", "flo", "byt", "itv", "mon"];

/** Operands whose order leaves nothing open: equal values are the same text. */
export function exactOperands(draft: Draft, operands: readonly Operand[]): readonly Operand[] {
  const exact = keyOperands(draft.random, operands).filter(({ kind }) => kind.ordered && !kind.loose);
  return exact.length === 0 ? operands : exact;
}

/** ` ORDER BY` that ends with the arguments, so that rows that tie are equal; with DISTINCT it has the arguments only. */
function order(draft: Draft, args: readonly Operand[], operands: readonly Operand[], distinct: boolean): string {
  const { random } = draft;
  const sortable = operands.filter(({ kind }) => kind.ordered);
  const first =
    distinct || sortable.length === 0 || random.chance(0.5) ? [] : [random.pick(keyOperands(random, sortable))];
  const items = [...first, ...args].map(
    ({ sql }) => `${sql}${random.pick(["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"])}`,
  );
  return ` ORDER BY ${items.join(", ")}`;
}

function isDistinct(draft: Draft): boolean {
  return draft.use("DISTINCT aggregate", 0.25);
}

/** Neither sorted nor compared with anything. */
export function resultKind(sql: string): ColumnKind {
  return { ...kindById("jso"), id: sql, sql, ordered: false };
}

function stringAgg(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const texts = keyOperands(random, operands).filter(({ kind }) => kind.family === "text");
  const value = texts.length === 0 ? { sql: "'x'::text", kind: kindById("txt") } : random.pick(texts);
  const distinct = isDistinct(draft);
  // A DISTINCT aggregate sorts by its arguments: a varchar is one only under its own name.
  const isPlain = value.kind.id === "txt";
  const sql = isPlain ? value.sql : `${value.sql}::text`;
  const args: Operand[] = [{ sql, kind: value.kind }];
  const delimiter = !distinct && texts.length > 0 && random.chance(0.2) ? random.pick(texts) : undefined;
  if (delimiter !== undefined) args.push({ sql: delimiter.sql, kind: delimiter.kind });
  const text = `${distinct ? "DISTINCT " : ""}${sql}, ${delimiter?.sql ?? random.pick(["','", "''", "'; '"])}`;
  const filter = randomFilter(draft, operands);
  return { sql: `string_agg(${text}${order(draft, args, operands, distinct)})${filter}`, kind: resultKind("text") };
}

function arrayAgg(draft: Draft, operands: readonly Operand[]): Operand {
  const value = draft.random.pick(exactOperands(draft, operands));
  const distinct = isDistinct(draft);
  const text = `${distinct ? "DISTINCT " : ""}${value.sql}${order(draft, [value], operands, distinct)}`;
  return { sql: `array_agg(${text})${randomFilter(draft, operands)}`, kind: resultKind(`${value.kind.sql}[]`) };
}

export function jsonOperand(draft: Draft, operands: readonly Operand[]): Operand {
  const exact = exactOperands(draft, operands);
  const free = exact.filter(({ kind }) => !sessionKinds.includes(kind.id));
  return draft.random.pick(free.length === 0 || draft.random.chance(0.05) ? exact : free);
}

function jsonAgg(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const value = jsonOperand(draft, operands);
  const distinct = isDistinct(draft);
  const target = random.pick(["json", "jsonb"]);
  const text = `${distinct ? "DISTINCT " : ""}${value.sql}${order(draft, [value], operands, distinct)}`;
  return { sql: `${target}_agg(${text})${randomFilter(draft, operands)}`, kind: resultKind(target) };
}

function jsonObjectAgg(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const [key, value] = [jsonOperand(draft, operands), jsonOperand(draft, operands)];
  const distinct = isDistinct(draft);
  const target = random.pick(["json", "jsonb"]);
  const text = `${distinct ? "DISTINCT " : ""}${key.sql}, ${value.sql}${order(draft, [key, value], operands, distinct)}`;
  const filter = random.chance(0.8) ? ` FILTER (WHERE ${key.sql} IS NOT NULL)` : "";
  return { sql: `${target}_object_agg(${text})${filter}`, kind: resultKind(target) };
}

function rangeAgg(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const ranges = operands.filter(({ kind }) => kind.family === "range");
  const value = ranges.length === 0 ? { sql: "int4range(1, 3)", kind: kindById("ran") } : random.pick(ranges);
  const filter = randomFilter(draft, operands);
  if (random.chance(0.4)) return { sql: `range_intersect_agg(${value.sql})${filter}`, kind: value.kind };
  const multirange = value.kind.sql.replace("range", "multirange");
  return { sql: `range_agg(${value.sql})${filter}`, kind: resultKind(multirange) };
}

export const listAggregateForms: readonly AggregateForm[] = [
  { feature: "string_agg", weight: 1, write: stringAgg },
  { feature: "array_agg", weight: 1, write: arrayAgg },
  { feature: "aggregate of ranges", weight: 0.7, write: rangeAgg },
  { feature: "json[b]_agg", weight: 1, write: jsonAgg },
  { feature: "json[b]_object_agg", weight: 1, write: jsonObjectAgg },
];
