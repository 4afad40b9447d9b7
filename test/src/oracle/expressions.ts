import type { SeededRandom } from "@freshet/base";
import { kindById, quote, typedLiteral } from "./column-types.ts";
import type { ColumnKind } from "./column-types.ts";

/** Something with a type that a query can name. */
export interface Operand {
  readonly sql: string;
  readonly kind: ColumnKind;
}

const comparisons = ["=", "<>", "<", "<=", ">", ">="] as const;
const integers = ["sma", "num", "big"];

/** A condition over `operands`. With `fragile` it may fail on some rows. */
export function randomCondition(
  random: SeededRandom,
  operands: readonly Operand[],
  fragile: boolean,
  depth = 2,
): string {
  if (depth > 0 && random.chance(0.35)) {
    const left = randomCondition(random, operands, fragile, depth - 1);
    const right = randomCondition(random, operands, fragile, depth - 1);
    return random.pick([`(${left} AND ${right})`, `(${left} OR ${right})`, `(${left} OR ${right})`, `NOT (${left})`]);
  }
  if (fragile && random.chance(0.5)) return fragileCondition(random, operands);
  return simpleCondition(random, operands);
}

function simpleCondition(random: SeededRandom, operands: readonly Operand[]): string {
  const operand = random.pick(operands);
  const { sql, kind } = operand;
  if (random.chance(0.12)) return `${sql} IS ${random.chance(0.5) ? "NOT " : ""}NULL`;
  if (random.chance(0.12)) {
    const other = random.pick(operands);
    if (other.kind === kind) return `${sql} ${comparison(random, kind)} ${other.sql}`;
  }
  const special = specialCondition(random, operand);
  if (special !== undefined && random.chance(0.5)) return special;
  const value = (): string => typedLiteral(kind, random.pick(kind.values));
  switch (random.integer(0, 6)) {
    case 0:
      return `${sql} IN (${value()}, ${value()}, ${value()})`;
    case 1:
      return kind.ordered ? `${sql} BETWEEN ${value()} AND ${value()}` : `${sql} <> ${value()}`;
    case 2:
      return `${sql} IS ${random.chance(0.5) ? "NOT " : ""}DISTINCT FROM ${value()}`;
    case 3:
      return `coalesce(${sql}, ${value()}) ${comparison(random, kind)} ${value()}`;
    case 4:
      return `CASE WHEN ${sql} = ${value()} THEN true WHEN ${sql} IS NULL THEN NULL ELSE ${random.chance(0.5)} END`;
    default:
      return `${sql} ${comparison(random, kind)} ${value()}`;
  }
}

function comparison(random: SeededRandom, kind: ColumnKind): string {
  return kind.ordered ? random.pick(comparisons) : random.pick(["=", "<>"]);
}

/** What only some types can do. */
function specialCondition(random: SeededRandom, { sql, kind }: Operand): string | undefined {
  if (kind.family === "bool")
    return random.pick([sql, `NOT ${sql}`, `${sql} IS TRUE`, `${sql} IS NOT FALSE`, `${sql} IS UNKNOWN`]);
  if (kind.family === "text") {
    const pattern = random.pick(["a%", "%b%", "_", "%", "", "%\\%%", "ä%", "_ ", "a\\_", "%€%"]);
    return `${sql} ${random.pick(["LIKE", "NOT LIKE"])} ${quote(pattern)}`;
  }
  if (kind.id === "ids") return `${random.integer(0, 4)} = ANY (${sql})`;
  if (integers.includes(kind.id)) {
    return random.pick([`${sql} % 3 = ${random.integer(0, 3)}`, `${sql}::numeric * 2 + 1 > ${random.integer(-3, 6)}`]);
  }
  if (kind.family === "number") return `${sql} * 0.5 <= ${random.integer(-2, 4)}`;
  return undefined;
}

function fragileCondition(random: SeededRandom, operands: readonly Operand[]): string {
  const { sql, kind } = random.pick(operands);
  if (integers.includes(kind.id))
    return random.pick([`10 / ${sql} > ${random.integer(0, 4)}`, `${sql} + 1 > 2`, `${sql} % ${sql} = 0`]);
  if (kind.family === "number") return `1 / ${sql} < 1`;
  if (kind.family === "text") return `${sql}::int4 > 0`;
  return `${sql} IS NOT NULL`;
}

/** An output column over `operands`. */
export function randomExpression(random: SeededRandom, operands: readonly Operand[], fragile: boolean): Operand {
  const operand = random.pick(operands);
  if (random.chance(0.65)) return operand;
  const { sql, kind } = operand;
  const value = typedLiteral(kind, random.pick(kind.values));
  if (fragile && integers.includes(kind.id)) return { sql: random.pick([`${sql} + 1`, `100 / ${sql}`]), kind };
  switch (random.integer(0, 4)) {
    case 0:
      return { sql: `coalesce(${sql}, ${value})`, kind };
    case 1:
      return { sql: `CASE WHEN ${randomCondition(random, operands, false, 1)} THEN ${sql} ELSE ${value} END`, kind };
    case 2:
      return { sql: `nullif(${sql}, ${value})`, kind };
    default:
      return typedExpression(random, operand);
  }
}

function typedExpression(random: SeededRandom, operand: Operand): Operand {
  const { sql, kind } = operand;
  const text = kindById("txt");
  const decimal = kindById("dec");
  if (["sma", "num"].includes(kind.id)) {
    return random.pick([
      { sql: `${sql}::int8 + 1`, kind: kindById("big") },
      { sql: `abs(${sql}::int8)`, kind: kindById("big") },
      { sql: `${sql}::numeric / 7`, kind: decimal },
      { sql: `${sql}::text`, kind: text },
    ]);
  }
  if (["dec", "pri"].includes(kind.id)) {
    return random.pick([
      { sql: `${sql} * 3 - 0.5`, kind: decimal },
      { sql: `round(${sql}, 1)`, kind: decimal },
      { sql: `-${sql}`, kind: decimal },
      { sql: `${sql}::text`, kind: text },
    ]);
  }
  if (["rea", "flo"].includes(kind.id)) return { sql: `${sql} * 2::float8`, kind: kindById("flo") };
  if (kind.family === "text") {
    return random.pick([
      { sql: `${sql} || '+'`, kind: text },
      { sql: `length(${sql})`, kind: kindById("num") },
      { sql: `'<' || ${sql} || '>'`, kind: text },
    ]);
  }
  if (kind.id === "day") return { sql: `${sql} + 1`, kind };
  if (kind.family === "bool") return { sql: `NOT ${sql}`, kind };
  return { sql: "'constant'::text", kind: text };
}
