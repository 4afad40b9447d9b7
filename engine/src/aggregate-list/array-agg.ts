import { must } from "@freshet/base";
import { arrayOf, type ArrayValue, readArray, writeArray } from "@freshet/values";
import { EvaluationError } from "../expression/evaluation-error.ts";
import type { Collector, ListAggregate } from "./collector.ts";

const NULL_VALUE_NOT_ALLOWED = "22004";
const ARRAY_SUBSCRIPT_ERROR = "2202E";
const PROGRAM_LIMIT_EXCEEDED = "54000";
const MAX_DIMENSIONS = 6;

class ElementCollector implements Collector {
  readonly #elementOid: number;
  readonly #elements: (Buffer | null)[] = [];

  constructor(elementOid: number) {
    this.#elementOid = elementOid;
  }

  add([value = null]: readonly (Buffer | null)[]): void {
    this.#elements.push(value);
  }

  result(): Buffer | null {
    return this.#elements.length === 0 ? null : arrayOf(this.#elementOid, this.#elements);
  }
}

/** array_agg of values that are no arrays. */
export function elementArrayAgg(elementOid: number): ListAggregate {
  return { ignores: () => false, collect: () => new ElementCollector(elementOid) };
}

/** Arrays of one shape become the slices of an array with one more dimension. */
class SliceCollector implements Collector {
  readonly #elementOid: number;
  #shape: ArrayValue["dimensions"] | undefined;
  #slices = 0;
  readonly #elements: (Buffer | null)[] = [];

  constructor(elementOid: number) {
    this.#elementOid = elementOid;
  }

  add([value = null]: readonly (Buffer | null)[]): void {
    if (value === null) throw new EvaluationError(NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays");
    const { dimensions, elements } = must(readArray(value, this.#elementOid), "malformed array");
    if (dimensions.length === 0) throw new EvaluationError(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate empty arrays");
    if (dimensions.length >= MAX_DIMENSIONS)
      throw new EvaluationError(PROGRAM_LIMIT_EXCEEDED, "an array would have too many dimensions");
    this.#shape ??= dimensions;
    if (!isSameShape(this.#shape, dimensions))
      throw new EvaluationError(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate arrays of different dimensionality");
    this.#slices++;
    for (const element of elements) this.#elements.push(element);
  }

  result(): Buffer | null {
    if (this.#shape === undefined) return null;
    const dimensions = [{ length: this.#slices, lowerBound: 1 }, ...this.#shape];
    return writeArray(this.#elementOid, { dimensions, elements: this.#elements });
  }
}

function isSameShape(a: ArrayValue["dimensions"], b: ArrayValue["dimensions"]): boolean {
  return (
    a.length === b.length &&
    a.every(({ length, lowerBound }, index) => length === b[index]?.length && lowerBound === b[index].lowerBound)
  );
}

/** array_agg of arrays. */
export function sliceArrayAgg(elementOid: number): ListAggregate {
  return { ignores: () => false, collect: () => new SliceCollector(elementOid) };
}
