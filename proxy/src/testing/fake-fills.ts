import { silentLogger } from "@freshet/base";
import { AnswerStore } from "../invalidate/answer-store.ts";
import type { FillRequest, Filled } from "../invalidate/fill-connection.ts";
import { Invalidations } from "../invalidate/invalidations.ts";
import { FakeSource } from "./fake-source.ts";

/** Reads nothing by itself: the test settles each read by hand. */
export class FakePool {
  readonly waiting: { readonly request: FillRequest; readonly settle: (filled: Filled) => void }[] = [];
  full = false;

  get queued(): number {
    return this.waiting.length;
  }

  run(request: FillRequest): Promise<Filled> {
    return new Promise((resolve) => this.waiting.push({ request, settle: resolve }));
  }
}

export interface FakeFills {
  readonly pool: FakePool;
  readonly store: AnswerStore;
  readonly invalidations: Invalidations;
}

export function fakeFills(source: FakeSource = new FakeSource(), clock: () => number = () => 0): FakeFills {
  const pool = new FakePool();
  const store = new AnswerStore(1 << 20);
  const parts = { source, store, pool, clock, nudge: { want: () => undefined }, logger: silentLogger() };
  return { pool, store, invalidations: new Invalidations(parts) };
}
