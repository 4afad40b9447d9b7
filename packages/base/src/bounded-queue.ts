import { assert } from "./assert.ts";

export interface QueueOptions<T> {
  /** The greatest total size that may wait in the queue. */
  readonly limit: number;
  /** What an item counts for, for example its bytes. Default: 1, so that `limit` is a number of items. */
  readonly sizeOf?: (item: T) => number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * First in, first out, between one or more producers and one consumer. `push` waits while the queue is full, so a slow
 * consumer slows its producers down. An item larger than the limit is admitted alone, when the queue is empty.
 * After `close` no more can be pushed and the consumer drains what is left; `fail` drops what is left.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly limit: number;
  readonly #sizeOf: (item: T) => number;
  #items: T[] = [];
  #head = 0;
  #size = 0;
  #closed = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #producers: Waiter[] = [];
  #consumer: Waiter | undefined;

  constructor(options: QueueOptions<T>) {
    assert(options.limit > 0, "a queue's limit must be positive");
    this.limit = options.limit;
    this.#sizeOf = options.sizeOf ?? (() => 1);
  }

  /** The total size of the waiting items: what its gauge shows. */
  get size(): number {
    return this.#size;
  }

  /** The number of waiting items. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves once the item is in the queue; rejects if the queue is closed or has failed before. */
  async push(item: T): Promise<void> {
    const size = this.#sizeOf(item);
    // A later producer must not overtake one that waits already.
    let waits = this.#producers.length > 0 || !this.#hasRoom(size);
    while (waits) {
      this.#refuseIfClosed();
      await new Promise<void>((resolve, reject) => this.#producers.push({ resolve, reject }));
      waits = !this.#hasRoom(size);
    }
    this.#refuseIfClosed();
    this.#append(item, size);
    if (this.#size < this.limit) this.#producers.shift()?.resolve();
  }

  /** Puts the item into the queue if there is room now; says whether it did. */
  tryPush(item: T): boolean {
    this.#refuseIfClosed();
    const size = this.#sizeOf(item);
    if (this.#producers.length > 0 || !this.#hasRoom(size)) return false;
    this.#append(item, size);
    return true;
  }

  /** The next item, waiting for it; undefined once the queue is closed and empty. Rejects after `fail`. */
  async shift(): Promise<T | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.length > 0) return this.#take();
      if (this.#closed) return undefined;
      assert(this.#consumer === undefined, "a queue has one consumer");
      await new Promise<void>((resolve, reject) => (this.#consumer = { resolve, reject }));
    }
  }

  /** No more items will come. Producers that still wait are refused. */
  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  /** Closes the queue and makes the consumer see `error` next. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#closed = true;
    this.#items = [];
    this.#head = 0;
    this.#size = 0;
    this.#wakeAll();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = await this.shift();
      if (item === undefined && this.#closed && this.length === 0) return;
      yield item as T;
    }
  }

  #hasRoom(size: number): boolean {
    return this.length === 0 || this.#size + size <= this.limit;
  }

  #refuseIfClosed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#closed) throw new QueueClosedError();
  }

  #append(item: T, size: number): void {
    this.#items.push(item);
    this.#size += size;
    this.#wakeConsumer();
  }

  #take(): T {
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined as T;
    this.#head += 1;
    this.#size -= this.#sizeOf(item);
    // Keeps taking constant-time on average without holding on to what was taken.
    if (this.#head === this.#items.length || this.#head > 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    this.#producers.shift()?.resolve();
    return item;
  }

  #wakeConsumer(): void {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    consumer?.resolve();
  }

  #wakeAll(): void {
    this.#wakeConsumer();
    const error = this.#failure === undefined ? new QueueClosedError() : this.#failure.error;
    for (const producer of this.#producers.splice(0)) producer.reject(error);
  }
}

/** The queue was closed while somebody wanted to push. */
export class QueueClosedError extends Error {
  override readonly name = "QueueClosedError";

  constructor() {
    super("the queue is closed");
  }
}
