import { must } from "@freshet/base";
import type { AggregateCall, HypotheticalAggregate } from "@freshet/sql";
import type { ColumnType } from "@freshet/values";
import { unsupported } from "../expression/unsupported.ts";
import { AFTER, BEFORE, hypotheticalAccumulator, PEER } from "../ordered-set/hypothetical-rank.ts";
import { addWeight, multisetKey } from "../state/multiset.ts";
import { type CompileContext, compileFilter } from "./evaluate.ts";
import { ABSENT, type AggregateSlot, slotPrefix } from "./slot.ts";
import { compileSort } from "./sort-key.ts";

const NO_ROW: Buffer = Buffer.alloc(0);

/** Where a row's sort key lies relative to the hypothetical row's. */
export function placeOf(key: Buffer, hypothetical: Buffer): Buffer {
  const order = Buffer.compare(key, hypothetical);
  return order < 0 ? BEFORE : order === 0 ? PEER : AFTER;
}

/** The sort of a hypothetical row: the direct arguments in the places of what the rows are sorted by, and with its collations. */
export function hypotheticalSort(call: AggregateCall): NonNullable<AggregateCall["sort"]> {
  return must(call.sort).map((key, index) => {
    const direct = must(call.direct?.[index]);
    const { type } = key.expression;
    if (direct.type.typeOid !== type.typeOid) throw unsupported(`${call.name}() of another type than it sorts by`);
    return { ...key, expression: { ...direct, type } };
  });
}

/**
 * The rank that a hypothetical row (the direct arguments, which are the same for all rows of a group) would have. Rows are only
 * counted by where they sort; for dense_rank the distinct sort keys before it are kept. Cost per change: O(1), dense_rank O(log n).
 */
export function hypotheticalSlot(
  name: HypotheticalAggregate,
  call: AggregateCall,
  index: number,
  columns: readonly ColumnType[],
  arrangement: number,
  context: CompileContext,
): AggregateSlot {
  const passes = compileFilter(call.filter, columns, context);
  const rowKey = compileSort(must(call.sort), columns, context);
  const hypotheticalKey = compileSort(hypotheticalSort(call), columns, context);
  return {
    accumulator: hypotheticalAccumulator(name),
    evaluate: (view) => {
      if (!passes(view)) return ABSENT;
      const key = rowKey(view);
      return { bytes: placeOf(key, hypotheticalKey(view)), key };
    },
    add: (transaction, state, group, { bytes, key }, weight, tally) => {
      if (name !== "dense_rank") {
        state?.add(bytes, weight);
        return;
      }
      if (bytes !== BEFORE || key === null) return;
      const prefix = Buffer.concat([slotPrefix(group, index), key]);
      const entry = multisetKey(prefix, NO_ROW);
      const before = addWeight(transaction, arrangement, entry, prefix.length, NO_ROW, weight, tally);
      const appeared = (before + weight > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
      if (appeared !== 0) state?.add(BEFORE, appeared);
    },
    result: (_reads, state) => state?.result() ?? null,
  };
}
