import { now } from "@freshet/base";
import type { Connection } from "@freshet/postgres";
import { BackendType, HEADER_BYTES, type MessageScanner, encodeCopyData, encodeQuery } from "@freshet/wire";
import pg from "pg";
import { WireSocket } from "./wire-socket.ts";

const XLOG_DATA = 0x77;
const KEEP_ALIVE = 0x6b;
const STATUS_UPDATE = 0x72;
const COMMIT = 0x43;
const XLOG_DATA_HEADER = 25;

/**
 * The least that a consumer of logical replication can do: it notes when each Commit message of a publication comes. What it sees is the
 * walsender's own delay.
 */
export class BareConsumer {
  #socket: WireSocket | null = null;
  #commits = 0;
  #waiting: { readonly commits: number; readonly resolve: (moment: number) => void } | null = null;
  #failure: Error | null = null;

  static async open(server: Connection, publication: string): Promise<BareConsumer> {
    const { host, port, user, password, database } = server;
    const config: pg.ClientConfig & { readonly replication: string } = {
      ...{ host, port, user, password, database },
      replication: "database",
    };
    const client = new pg.Client(config);
    await client.connect();
    await client.query(`CREATE_REPLICATION_SLOT ${publication} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`);
    const consumer = new BareConsumer();
    const onFailure = (error: Error): void => {
      consumer.#failure = error;
    };
    const socket = WireSocket.takeOver(client, (scanner) => consumer.#receive(scanner), onFailure);
    consumer.#socket = socket;
    const options = `proto_version '1', publication_names '${publication}', binary 'true'`;
    socket.send(encodeQuery(`START_REPLICATION SLOT ${publication} LOGICAL 0/0 (${options})`));
    return consumer;
  }

  /** Resolves with the moment (see now()) at which the next commit comes. Called before it is made. */
  nextCommit(): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve) => {
      this.#waiting = { commits: this.#commits + 1, resolve };
    });
  }

  close(): void {
    this.#socket?.close();
  }

  #receive({ type, buffer, start, end }: MessageScanner): void {
    if (type !== BackendType.copyData) return;
    const body = buffer.subarray(start + HEADER_BYTES, end);
    if (body[0] === XLOG_DATA && body[XLOG_DATA_HEADER] === COMMIT) {
      this.#commits++;
      if (this.#waiting?.commits === this.#commits) this.#waiting.resolve(now());
    } else if (body[0] === KEEP_ALIVE && body[17] === 1) {
      this.#socket?.send(encodeCopyData(statusUpdate(body.readBigUInt64BE(1))));
    }
  }
}

function statusUpdate(lsn: bigint): Buffer {
  const status = Buffer.alloc(34);
  status[0] = STATUS_UPDATE;
  for (const at of [1, 9, 17]) status.writeBigUInt64BE(lsn, at);
  return status;
}
