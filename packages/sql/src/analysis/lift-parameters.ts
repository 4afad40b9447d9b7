import { must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { Expression, ParameterExpression } from "../plan/expression.ts";
import { parametersOf } from "../plan/expression-walk.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import { widen } from "./equal-sides.ts";
import { equalityOf, rangeOf, type RangeOperator } from "./operators.ts";
import { UnliftableParameter } from "./unsupported.ts";

/** `key = parameter`, or with `list` `key = ANY (parameter)`. */
interface LiftedEquality {
  readonly key: Expression;
  readonly parameter: number;
  readonly list: boolean;
  /** Of the value (of a list: of its elements), as the key is compared. */
  readonly type: ColumnType;
}

export interface LiftedBound {
  readonly parameter: number;
  readonly inclusive: boolean;
}

interface LiftedRange {
  readonly key: Expression;
  readonly type: ColumnType;
  readonly lower: LiftedBound | null;
  readonly upper: LiftedBound | null;
}

/** The conditions on parameters, taken out of a WHERE clause; `rest` names no parameter. */
export interface LiftedConditions {
  readonly equality: readonly LiftedEquality[];
  readonly range: LiftedRange | null;
  readonly rest: readonly Expression[];
  /** Conditions on parameters that are looked at when the view is read. */
  readonly atRead: readonly Expression[];
}

/** The expressions that parameters are compared with: of the equalities, then of the range. */
export function keysOf(lifted: LiftedConditions): Expression[] {
  const keys = lifted.equality.map((equality) => equality.key);
  return lifted.range === null ? keys : [...keys, lifted.range.key];
}

const FLIPPED: Readonly<Record<RangeOperator, RangeOperator>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/** What a key is compared with: of its type, but not bound by a column's declared length or scale. */
function parameterType(key: Expression): ColumnType {
  return { ...key.type, typmod: -1 };
}

interface Sides {
  readonly key: Expression;
  readonly parameter: ParameterExpression;
  /** True when the parameter stands on the left. */
  readonly flipped: boolean;
}

/** Splits a comparison into the key and the parameter; undefined unless exactly one side is a bare parameter. */
function sidesOf(args: readonly Expression[], mixedType: number | null): Sides | undefined {
  const [left, right] = [must(args[0]), must(args[1])];
  const flipped = left.kind === "parameter";
  const [key, parameter] = flipped ? [right, left] : [left, right];
  if (parameter.kind !== "parameter" || parametersOf(key).size > 0) return undefined;
  if (mixedType === null) return key.type.typeOid === parameter.type.typeOid ? { key, parameter, flipped } : undefined;
  const wide = widen(key, mixedType);
  return wide !== undefined && parameter.type.typeOid === mixedType ? { key: wide, parameter, flipped } : undefined;
}

/** Parameters of a cache's view: what of a WHERE clause's conjuncts can be answered by looking into it. */
export class ParameterLifter {
  readonly #equality: LiftedEquality[] = [];
  #range: LiftedRange | null = null;
  readonly #rest: Expression[] = [];
  readonly #atRead: Expression[] = [];
  readonly #readParameters: ReadonlySet<number>;

  /** `readParameters`: those whose conditions are left for the view's reader. */
  constructor(readParameters: ReadonlySet<number>) {
    this.#readParameters = readParameters;
  }

  lift(conjuncts: readonly Expression[]): LiftedConditions {
    for (const conjunct of conjuncts) {
      const parameters = [...parametersOf(conjunct)];
      if (parameters.length === 0) this.#rest.push(conjunct);
      else if (parameters.every((number) => this.#readParameters.has(number))) this.#atRead.push(conjunct);
      else if (!this.#liftEquality(conjunct) && !this.#liftList(conjunct) && !this.#liftRange(conjunct))
        refuse(parameters.find((number) => !this.#readParameters.has(number)));
    }
    const range = this.#range;
    if (range !== null && this.#hasEquality(range.key)) {
      throw unliftable(range.lower ?? range.upper, "bounds what another parameter is compared with already");
    }
    return { equality: this.#equality, range, rest: this.#rest, atRead: this.#atRead };
  }

  #hasEquality(key: Expression): boolean {
    const text = canonicalJson(key);
    return this.#equality.some((other) => canonicalJson(other.key) === text);
  }

  #add(lifted: LiftedEquality): true {
    if (this.#hasEquality(lifted.key))
      throw unliftable(lifted, "is compared with what another parameter is compared with already");
    this.#equality.push(lifted);
    return true;
  }

  #liftEquality(conjunct: Expression): boolean {
    if (conjunct.kind !== "call" || conjunct.args.length !== 2) return false;
    const comparison = equalityOf(conjunct.name);
    const sides = comparison && sidesOf(conjunct.args, comparison.mixedType);
    if (sides === undefined) return false;
    const { key, parameter } = sides;
    return this.#add({ key, parameter: parameter.number, list: false, type: parameterType(key) });
  }

  #liftList(conjunct: Expression): boolean {
    if (conjunct.kind !== "any" || conjunct.array.kind !== "parameter" || parametersOf(conjunct.left).size > 0)
      return false;
    const comparison = equalityOf(conjunct.name);
    if (comparison === undefined) return false;
    const key = comparison.mixedType === null ? conjunct.left : widen(conjunct.left, comparison.mixedType);
    if (key === undefined) return false;
    return this.#add({ key, parameter: conjunct.array.number, list: true, type: parameterType(key) });
  }

  #liftRange(conjunct: Expression): boolean {
    if (conjunct.kind !== "call" || conjunct.args.length !== 2) return false;
    const comparison = rangeOf(conjunct.name);
    const sides = comparison && sidesOf(conjunct.args, comparison.mixedType);
    if (comparison === undefined || sides === undefined) return false;
    const { key, parameter } = sides;
    const operator = sides.flipped ? FLIPPED[comparison.operator] : comparison.operator;
    const range = this.#range ?? { key, type: parameterType(key), lower: null, upper: null };
    const bound: LiftedBound = { parameter: parameter.number, inclusive: operator.length === 2 };
    if (canonicalJson(range.key) !== canonicalJson(key))
      throw unliftable(bound, "bounds a second expression; a cache has one range");
    const side = operator.startsWith(">") ? "lower" : "upper";
    if (range[side] !== null) throw unliftable(bound, `is a second ${side} bound of one expression`);
    this.#range = { ...range, [side]: bound };
    return true;
  }
}

function unliftable(lifted: { readonly parameter: number } | null, reason: string): UnliftableParameter {
  return new UnliftableParameter(must(lifted).parameter, reason);
}

function refuse(number: number | undefined): never {
  throw new UnliftableParameter(
    must(number),
    "is not compared by =, = ANY, <, <=, > or >= with an expression of its own type",
  );
}
