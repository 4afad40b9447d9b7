import { now } from "@freshet/base";
import type { Connection } from "@freshet/postgres";
import { BackendType, type MessageScanner, decodeDataRow, encodeQuery } from "@freshet/wire";
import { REST_MS, rest } from "./rest.ts";
import { WireSocket } from "./wire-socket.ts";

/** Sends one statement at a time over a raw socket; knows the first value of the last row and when the answer was complete. */
export class ValueReader {
  #socket: WireSocket | null = null;
  #value: string | null = null;
  #resolve: (value: string | null) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  static async open(server: Connection): Promise<ValueReader> {
    const reader = new ValueReader();
    reader.#socket = await WireSocket.open(
      server,
      (scanner) => reader.#receive(scanner),
      (error) => reader.#reject(error),
    );
    return reader;
  }

  query(sql: string): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.#value = null;
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket?.send(encodeQuery(sql));
    });
  }

  /**
   * Reads until the value is at least `wanted`; resolves with the moment (see now()). It rests between two looks: without that, it and who answers it would
   * keep two cores busy, and what brings the change would have to wait for one.
   */
  async until(sql: string, wanted: number): Promise<number> {
    while (Number(await this.query(sql)) < wanted) rest(REST_MS);
    return now();
  }

  close(): void {
    this.#socket?.close();
  }

  #receive({ type, buffer, start, end }: MessageScanner): void {
    if (type === BackendType.dataRow) this.#value = decodeDataRow(buffer, start, end)[0]?.toString() ?? null;
    if (type === BackendType.readyForQuery) this.#resolve(this.#value);
  }
}
