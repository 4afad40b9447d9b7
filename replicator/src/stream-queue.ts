import { assert } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import type { StreamItem } from "./stream-item.ts";

const NO_TABLES: ReadonlySet<number> = new Set();

/**
 * Items between the socket's reader, which cannot wait, and the sink. The reader pushes whatever one
 * read brought; `onFull` and `onRoom` then stop and restart the reading, which bounds the queue.
 */
export class StreamQueue {
  readonly #limitBytes: number;
  readonly #onFull: () => void;
  readonly #onRoom: () => void;
  #items: StreamItem[] = [];
  #head = 0;
  #bytes = 0;
  #full = false;
  #closed = false;
  #wake: (() => void) | null = null;
  readonly #onClose: (() => void)[] = [];

  constructor(limitBytes: number, onFull: () => void, onRoom: () => void) {
    this.#limitBytes = limitBytes;
    this.#onFull = onFull;
    this.#onRoom = onRoom;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(item: StreamItem): void {
    if (this.#closed) return;
    const last = this.#items.length - 1;
    if (item.event.kind === "progress" && last >= this.#head && this.#items[last]?.event.kind === "progress") {
      this.#items[last] = item;
      return;
    }
    this.#items.push(item);
    this.#bytes += item.bytes;
    this.#wakeUp();
    if (!this.#full && this.#bytes > this.#limitBytes) {
      this.#full = true;
      this.#onFull();
    }
  }

  /** Nothing of interest up to `lsn`. */
  pushProgress(lsn: Lsn): void {
    this.push({ event: { kind: "progress", lsn }, bytes: 0, commitLsn: lsn, resumeLsn: lsn, tables: NO_TABLES });
  }

  /** The next item; undefined once closed, whatever is left. */
  async take(): Promise<StreamItem | undefined> {
    while (!this.#closed && this.#head === this.#items.length) {
      assert(this.#wake === null, "the stream has one consumer");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#closed ? undefined : this.#shift();
  }

  /** Drops what is left: the upstream sends it again. */
  close(): void {
    this.#closed = true;
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#wakeUp();
    for (const listener of this.#onClose.splice(0)) listener();
  }

  /** Waits for `event` or for the close; false when closed. */
  async whileOpen(event: Promise<void>): Promise<boolean> {
    if (!this.#closed) {
      await new Promise<void>((resolve, reject) => {
        this.#onClose.push(resolve);
        event.then(resolve, reject);
      });
    }
    return !this.#closed;
  }

  #shift(): StreamItem | undefined {
    const item = this.#items[this.#head++];
    this.#bytes -= item?.bytes ?? 0;
    if (this.#head === this.#items.length || this.#head > 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    if (this.#full && this.#bytes <= this.#limitBytes / 2) {
      this.#full = false;
      this.#onRoom();
    }
    return item;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
