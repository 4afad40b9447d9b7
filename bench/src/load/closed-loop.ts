import { now, random } from "@freshet/base";
import {
  BackendType,
  encodeBind,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from "@freshet/wire";
import { distribution } from "../statistics.ts";
import type { Load, LoadResult } from "./load.ts";
import { WireSocket } from "./wire-socket.ts";

const MICROSECONDS = 1000;
const STATEMENT = "load";

/** Runs a load over raw sockets, with nothing in flight but one statement per connection. */
export async function runClosedLoop(load: Load): Promise<LoadResult> {
  const samples: number[] = [];
  const clients = await Promise.all(Array.from({ length: load.clients }, () => LoadClient.open(load)));
  const started = now();
  const until = started + load.seconds * 1000;
  try {
    await Promise.all(clients.map((client) => client.run(until, samples)));
  } finally {
    for (const client of clients) client.close();
  }
  const seconds = (now() - started) / 1000;
  const { mean, p50, p99 } = distribution(samples);
  return { transactions: samples.length, tps: samples.length / seconds, meanUs: mean, p50Us: p50, p99Us: p99 };
}

/** One connection of the loop. */
class LoadClient {
  readonly #load: Load;
  #socket: WireSocket | null = null;
  #onReady: () => void = () => undefined;
  #onFailure: (error: Error) => void = () => undefined;

  private constructor(load: Load) {
    this.#load = load;
  }

  static async open(load: Load): Promise<LoadClient> {
    const client = new LoadClient(load);
    client.#socket = await WireSocket.open(
      load.server,
      ({ type }) => {
        if (type === BackendType.readyForQuery) client.#onReady();
      },
      (error) => client.#onFailure(error),
    );
    if (load.protocol === "prepared") await client.#prepare();
    return client;
  }

  /** Sends statements until the time is over; resolves with the last answer. */
  run(until: number, samples: number[]): Promise<void> {
    return new Promise((resolve, reject) => {
      let sent = now();
      this.#onFailure = reject;
      this.#onReady = () => {
        const received = now();
        samples.push((received - sent) * MICROSECONDS);
        if (received >= until) {
          resolve();
          return;
        }
        sent = received;
        this.#socket?.send(this.#statement());
      };
      this.#socket?.send(this.#statement());
    });
  }

  close(): void {
    this.#socket?.close();
  }

  #prepare(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onFailure = reject;
      this.#onReady = resolve;
      this.#socket?.send(Buffer.concat([encodeParse(STATEMENT, this.#load.sql), encodeSync()]));
    });
  }

  #statement(): Buffer {
    const { protocol, sql, keys } = this.#load;
    const values = keys === 0 ? [] : [String(1 + Math.floor(random() * keys))];
    if (protocol === "simple") return encodeQuery(sql.replace("$1", values[0] ?? ""));
    const statement = protocol === "prepared" ? STATEMENT : "";
    const run = [encodeBind({ statement, values }), encodeDescribe("portal", ""), encodeExecute(""), encodeSync()];
    return Buffer.concat(protocol === "prepared" ? run : [encodeParse("", sql), ...run]);
  }
}
