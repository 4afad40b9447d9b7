import type { ColumnKind } from "../column-types.ts";
import type { QueryParameter } from "../oracle-case.ts";
import { type Draft, keyOperands, type Operand } from "./draft.ts";

/** A new parameter's place in the text. */
export function place(draft: Draft, form: QueryParameter["form"], kind: ColumnKind): string {
  const bare = ["bool", "int4", "int8", "numeric", "numeric(10,2)"].includes(kind.sql);
  return `{{${draft.parameters.push({ form, type: parameterType(kind), bare, values: kind.values }) - 1}}}`;
}

/** The type that PostgreSQL gives to a parameter compared with such a column. */
function parameterType(kind: ColumnKind): string {
  if (kind.family === "text") return "text";
  if (kind.family === "network") return "inet";
  if (kind.id === "dom") return "numeric";
  return kind.family === "char" ? "bpchar" : kind.sql.replace(/\(.*/, "");
}

/** Conditions on parameters: equalities, and at most one list or range, where `several` keys may be asked for at once. */
export function randomKeys(draft: Draft, operands: readonly Operand[], several: boolean): string[] {
  const { random } = draft;
  const keys = random.pick([0, 0, 1, 1, 1, 2]);
  const chosen = random
    .shuffle(keyOperands(random, operands))
    .filter(({ kind }) => kind.family !== "json" && kind.family !== "array")
    .slice(0, keys);
  return random.shuffle(chosen.map((operand, index) => keyCondition(draft, operand, several && index === 0)));
}

/** `several`: perhaps one that asks for several keys. */
export function keyCondition(draft: Draft, { sql, kind }: Operand, several: boolean): string {
  const { random } = draft;
  if (!several || random.chance(0.5)) {
    draft.features.add("equality parameter");
    return `${sql} = ${place(draft, "scalar", kind)}`;
  }
  if (!kind.ordered || random.chance(0.4)) {
    draft.features.add("list parameter");
    if (draft.use("array parameter with a cast", 0.15)) return `${sql} = ANY (${castArray(draft, kind)})`;
    return random.chance(0.6)
      ? `${sql} IN (${place(draft, "list", kind)})`
      : `${sql} = ANY (${place(draft, "array", kind)})`;
  }
  draft.features.add("range parameter");
  return rangeCondition(draft, sql, kind);
}

/** An array whose type the text tells: of the type that PostgreSQL would give it there. */
export function castArray(draft: Draft, kind: ColumnKind): string {
  return `${place(draft, "array", kind)}::${parameterType(kind)}[]`;
}

function rangeCondition(draft: Draft, sql: string, kind: ColumnKind): string {
  const value = (): string => place(draft, "scalar", kind);
  switch (draft.random.integer(0, 4)) {
    case 0:
      return `${sql} BETWEEN ${value()} AND ${value()}`;
    case 1:
      return `${sql} > ${value()} AND ${sql} <= ${value()}`;
    case 2:
      return `${value()} > ${sql}`;
    default:
      return `${sql} ${draft.random.pick(["<", "<=", ">", ">="])} ${value()}`;
  }
}
