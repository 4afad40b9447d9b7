import { now } from "@freshet/base";
import type { StreamEvent, StreamSink } from "@freshet/contract";
import type { Lsn } from "@freshet/values";
import { maxLsn } from "@freshet/values";
import type { StreamItem } from "./stream-item.ts";
import { withoutTables } from "./stream-item.ts";
import type { StreamQueue } from "./stream-queue.ts";
import type { TrackedTables } from "./tracked-tables.ts";

/**
 * Hands items to the sink, one after the other, and remembers how far the sink has come: a new connection
 * resumes there. The gate for tables being added is here: an item that holds changes of a pending
 * table waits until the sink has begun that table; changes that its snapshot holds are left out.
 */
export class Delivery {
  readonly #sink: StreamSink;
  readonly #tables: TrackedTables;
  #resumeLsn: Lsn;
  #offeredLsn: Lsn;
  #heldSince: number | null = null;
  #partsOpen = false;

  constructor(sink: StreamSink, tables: TrackedTables, resumeLsn: Lsn) {
    this.#sink = sink;
    this.#tables = tables;
    this.#resumeLsn = resumeLsn;
    this.#offeredLsn = resumeLsn;
  }

  /** Everything below it was accepted by the sink. */
  get resumeLsn(): Lsn {
    return this.#resumeLsn;
  }

  /** As `resumeLsn`, with the event that the sink has at hand. */
  get offeredLsn(): Lsn {
    return this.#offeredLsn;
  }

  /** Since when an item waits for a pending table. */
  get heldSince(): number | null {
    return this.#heldSince;
  }

  /** Delivers until the queue is closed. Rejects when the sink does. */
  async drain(queue: StreamQueue): Promise<void> {
    for (;;) {
      const item = await queue.take();
      if (item === undefined) return;
      const event = await this.#admit(item, queue);
      if (event === undefined) return;
      if (event.kind === "progress" && event.lsn <= this.#resumeLsn) continue;
      if (item.resumeLsn !== null) this.#offeredLsn = maxLsn(this.#offeredLsn, item.resumeLsn);
      await this.#sink.accept(event);
      if (event.kind === "part") this.#partsOpen = true;
      if (item.resumeLsn !== null) {
        this.#partsOpen = false;
        this.#resumeLsn = item.resumeLsn;
      }
    }
  }

  /** The connection is gone: a transaction that was handed over in part will come again from its beginning. */
  async disconnected(): Promise<void> {
    if (!this.#partsOpen) return;
    await this.#sink.accept({ kind: "abort" });
    this.#partsOpen = false;
  }

  /** Undefined when the queue was closed while the item waited. */
  async #admit(item: StreamItem, queue: StreamQueue): Promise<StreamEvent | undefined> {
    const dropped = new Set<number>();
    for (const oid of item.tables) {
      while (this.#tables.get(oid)?.since === null) {
        this.#heldSince ??= now();
        const open = await queue.whileOpen(this.#tables.settled(oid));
        this.#heldSince = null;
        if (!open) return undefined;
      }
      const since = this.#tables.get(oid)?.since;
      if (since === undefined || since === null || item.commitLsn < since) dropped.add(oid);
    }
    if (dropped.size === 0) return item.event;
    return withoutDropped(item.event, dropped);
  }
}

function withoutDropped(event: StreamEvent, dropped: ReadonlySet<number>): StreamEvent {
  switch (event.kind) {
    case "commit":
      return { kind: "commit", commit: { ...event.commit, changes: withoutTables(event.commit.changes, dropped) } };
    case "part":
      return { kind: "part", changes: withoutTables(event.changes, dropped) };
    case "progress":
    case "abort":
      return event;
  }
}
