import { must } from "@freshet/base";
import type { Row } from "@freshet/values";
import { multisetKey } from "../state/multiset.ts";

/** The items in groups, those of each in their order. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The order in which an arrangement holds rows: long ones, by their digests, last. */
export function compareRows(a: Row, b: Row): number {
  return Buffer.compare(multisetKey(Buffer.alloc(0), a), multisetKey(Buffer.alloc(0), b));
}

/** The first of the rows in that order. */
export function smallest(images: readonly Buffer[]): Buffer {
  return must(images.toSorted(compareRows)[0]);
}
