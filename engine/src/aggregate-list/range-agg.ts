import { must } from "@freshet/base";
import { type Codec, readMultirange } from "@freshet/values";
import { MultirangeType } from "../expression/functions/multirange-values.ts";
import { unsupported } from "../expression/unsupported.ts";
import type { ArgumentValues, Collector, ListAggregate } from "./collector.ts";

/** What is known of a range or multirange type. */
interface Ranged {
  readonly type: MultirangeType;
  readonly isMultirange: boolean;
}

function rangedOf(codec: Codec): Ranged {
  const part = codec.parts?.[0];
  const inner = part?.parts?.[0];
  // A multirange is made of ranges, which are made of their subtype.
  const subtype = inner ?? part;
  if (!codec.hasEquality || subtype === undefined) throw unsupported(`an aggregate of ranges over type ${codec.name}`);
  return { type: new MultirangeType(subtype), isMultirange: inner !== undefined };
}

/** range_agg: all values in any of the ranges. NULL only without any value that is not NULL. */
class UnionCollector implements Collector {
  readonly #ranged: Ranged;
  #ranges: Buffer[] | undefined;

  constructor(ranged: Ranged) {
    this.#ranged = ranged;
  }

  add([value = null]: ArgumentValues): void {
    if (value === null) return;
    this.#ranges ??= [];
    if (this.#ranged.isMultirange) this.#ranges.push(...must(readMultirange(value), "malformed multirange"));
    else this.#ranges.push(value);
  }

  result(): Buffer | null {
    return this.#ranges === undefined ? null : this.#ranged.type.normalize(this.#ranges);
  }
}

/** range_intersect_agg: all values in each of them. */
class IntersectionCollector implements Collector {
  readonly #ranged: Ranged;
  #common: Buffer | null = null;

  constructor(ranged: Ranged) {
    this.#ranged = ranged;
  }

  add([value = null]: ArgumentValues): void {
    if (value === null) return;
    const { type, isMultirange } = this.#ranged;
    const before = this.#common;
    if (before === null) this.#common = Buffer.from(value);
    else if (isMultirange) this.#common = type.intersect(type.read(before, true), type.read(value, true));
    else this.#common = type.intersectRanges(before, value);
  }

  result(): Buffer | null {
    return this.#common;
  }
}

function ofValues(collect: () => Collector): ListAggregate {
  return { ignores: ([value]) => value === null, collect };
}

/** Throws a FreshetError (0A000) for types that are no ranges with a known order. */
export function rangeAgg(codec: Codec): ListAggregate {
  const ranged = rangedOf(codec);
  return ofValues(() => new UnionCollector(ranged));
}

export function rangeIntersectAgg(codec: Codec): ListAggregate {
  const ranged = rangedOf(codec);
  return ofValues(() => new IntersectionCollector(ranged));
}
