import { must } from "@freshet/base";
import { RowBatchWriter } from "@freshet/contract";
import { BinaryCopyDecoder } from "@freshet/wire";
import type { Client, Connection, Submittable } from "pg";

/** Batches that may wait for the consumer before the socket is paused. */
const WAITING_BATCHES = 2;

export interface RowBatch {
  readonly rows: number;
  readonly batch: Buffer;
}

/**
 * COPY … TO STDOUT (FORMAT binary) on `client`, as batches of packed rows. The socket is not read while
 * the consumer is behind.
 */
export async function* copyOut(
  client: Client,
  sql: string,
  columns: number,
  batchBytes: number,
): AsyncGenerator<RowBatch, void, undefined> {
  const copy = client.query(new CopyOut(sql, columns, batchBytes));
  try {
    for (let batch = await copy.next(); batch !== undefined; batch = await copy.next()) yield batch;
  } finally {
    copy.abandon();
  }
}

/**
 * The query object that pg drives. Messages that share a chunk with the last rows arrive even when the
 * socket is paused meanwhile, so the pause must be lifted whatever has come in between: a session left
 * paused never answers again.
 */
class CopyOut implements Submittable {
  readonly #sql: string;
  readonly #batchBytes: number;
  readonly #decoder: BinaryCopyDecoder;
  readonly #writer: RowBatchWriter;
  readonly #batches: RowBatch[] = [];
  #connection: Connection | null = null;
  #error: Error | null = null;
  #ended = false;
  #paused = false;
  #wake: (() => void) | null = null;

  constructor(sql: string, columns: number, batchBytes: number) {
    this.#sql = sql;
    this.#batchBytes = batchBytes;
    this.#writer = new RowBatchWriter(Math.min(batchBytes, 1 << 16));
    this.#decoder = new BinaryCopyDecoder(columns, (row) => {
      this.#writer.push(row);
      if (this.#writer.bytes >= this.#batchBytes) this.#cut();
    });
  }

  async next(): Promise<RowBatch | undefined> {
    while (this.#batches.length === 0 && this.#error === null && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#error !== null) throw this.#error;
    const batch = this.#batches.shift();
    if (this.#batches.length < WAITING_BATCHES) this.#resume();
    return batch;
  }

  /** Nobody reads on: what is still under way ends with the connection. */
  abandon(): void {
    if (!this.#ended && this.#error === null) this.#fail(new Error("the copy was abandoned"));
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(this.#sql);
  }

  handleCopyData(message: { readonly chunk: Buffer }): void {
    if (this.#error !== null) return;
    try {
      this.#decoder.push(message.chunk);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (this.#batches.length >= WAITING_BATCHES && !this.#paused) {
      this.#paused = true;
      this.#connection?.stream.pause();
    }
  }

  handleCommandComplete(): void {
    if (this.#error !== null) return;
    try {
      this.#decoder.end();
      if (this.#writer.rows > 0) this.#cut();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#wakeUp();
  }

  handleError(error: Error): void {
    this.#error ??= error;
    this.#resume();
    this.#wakeUp();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    must(this.#connection, "a copy fails after it was submitted").stream.destroy();
    this.#wakeUp();
  }

  #cut(): void {
    const rows = this.#writer.rows;
    this.#batches.push({ rows, batch: this.#writer.take() });
    this.#wakeUp();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection?.stream.resume();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
