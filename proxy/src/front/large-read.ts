import { setImmediate as turn } from "node:timers/promises";
import type { Snapshot, StoreReader } from "@freshet/store";
import type { Lsn } from "@freshet/values";
import type { Miss } from "../session/front-ports.ts";
import type { ViewRows } from "./view-read.ts";

/** A read that has begun: the state's LSN, and the slices that are still to be read of it. */
interface BegunRead {
  readonly lsn: Lsn;
  readonly slices: Generator<undefined, ViewRows>;
}

/**
 * Reads at one state of the store, with a turn of the event loop behind each slice. The state is held as long as reading takes, never longer.
 * "closed": the reader has been closed under it.
 */
export async function readInSlices(
  reader: StoreReader,
  isOpen: () => boolean,
  begin: (snapshot: Snapshot) => BegunRead | Miss,
): Promise<Miss | "closed" | { readonly lsn: Lsn; readonly view: ViewRows }> {
  const snapshot = reader.snapshot();
  try {
    const begun = begin(snapshot);
    if ("kind" in begun) return begun;
    for (;;) {
      const slice = begun.slices.next();
      if (slice.done === true) return { lsn: begun.lsn, view: slice.value };
      await turn();
      if (!isOpen()) return "closed";
    }
  } finally {
    // A closed environment has ended its snapshots.
    if (isOpen()) snapshot.close();
  }
}
