import { must } from "@freshet/base";
import { type AggregateCall, isHypotheticalAggregate } from "@freshet/sql";
import { unpackRow } from "@freshet/values";
import type { CompileContext } from "../operators/evaluate.ts";
import { placeOf } from "../operators/hypothetical-slot.ts";
import { hypotheticalAccumulator } from "../ordered-set/hypothetical-rank.ts";
import { compilePercentiles } from "../ordered-set/percentile.ts";

interface Item {
  readonly key: Buffer;
  /** The value; of a hypothetical row its sort key. */
  readonly value: Buffer;
}

function unpackItem(bytes: Buffer): Item {
  const [key, row] = unpackRow(bytes);
  return { key: must(key), value: must(unpackRow(must(row))[0]) };
}

/** The value of an aggregate with WITHIN GROUP over the items of a group, as `listItem` packs them. */
export function orderedSetResult(
  call: AggregateCall,
  items: readonly Buffer[],
  context: CompileContext,
  compareRows: (a: Buffer, b: Buffer) => number,
): Buffer | null {
  const sorted = items
    .map(unpackItem)
    .toSorted((a, b) => Buffer.compare(a.key, b.key) || compareRows(a.value, b.value));
  const { name } = call;
  if (isHypotheticalAggregate(name)) {
    const state = hypotheticalAccumulator(name).create();
    sorted.forEach(({ key, value }, index) => {
      const repeats = name === "dense_rank" && sorted[index - 1]?.key.equals(key) === true;
      if (!repeats) state.add(placeOf(key, value), 1);
    });
    return state.result();
  }
  if (name === "mode") return mostFrequent(sorted);
  if (sorted.length === 0) return null;
  const percentiles = compilePercentiles(call, context);
  return percentiles.finish(
    percentiles.fractions.map((fraction) => {
      if (fraction === null) return null;
      const target = percentiles.target(fraction, sorted.length);
      return percentiles.valueAt(target, must(sorted[target.first]).value, must(sorted[target.second]).value);
    }),
  );
}

function mostFrequent(sorted: readonly Item[]): Buffer | null {
  let best: Item | undefined;
  let most = 0;
  for (const item of sorted) {
    const frequency = sorted.filter(({ key }) => key.equals(item.key)).length;
    if (frequency <= most) continue;
    most = frequency;
    best = item;
  }
  return best?.value ?? null;
}
