import { must } from "@freshet/base";
import type { CompiledCall } from "./compiled-call.ts";
import { type CompiledFrame, framesOf } from "./frame.ts";

/** The call over frames that begin with the partition: the state before the stretch, taken on from row to row. */
export function prefixEvaluation(index: number, frame: CompiledFrame): CompiledCall["begin"] {
  return ({ rows, base }, from, to) => {
    const frames = framesOf(frame, rows, from, to);
    const fold = must(base.clone().folds[index], "the call has a fold");
    let taken = 0;
    return (row) => {
      for (const end = frames.ends[row - from] as number; taken < end; taken++) fold.add(rows.args(taken, index), 1);
      return fold.result();
    };
  };
}

/** The call over frames that are the whole partition. */
export function totalEvaluation(index: number): CompiledCall["begin"] {
  return ({ total }) => {
    const fold = must(total?.folds[index], "the call has a fold over the whole partition");
    return () => fold.result();
  };
}
