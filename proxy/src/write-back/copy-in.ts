import type { Writable } from "node:stream";
import { type FreshetError, errorMessage } from "@freshet/base";
import type { Row } from "@freshet/values";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { upstreamError } from "../control/control-connection.ts";

/** Bytes gathered before a write to the socket. */
const CHUNK_BYTES = 1 << 16;
const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const TRAILER = Buffer.from([0xff, 0xff]);

/** One tuple: packed columns, before them optionally an int4 weight. */
export interface CopyTuple {
  readonly weight: number | null;
  readonly row: Row;
}

/** Runs `COPY … FROM STDIN (FORMAT binary)`: a packed row is a tuple's body as it stands. Returns the rows sent. */
export async function copyIn(
  client: Client,
  statement: string,
  columns: number,
  tuples: Iterable<CopyTuple>,
): Promise<number> {
  const stream = client.query(copyFrom(statement));
  let refused: FreshetError | null = null;
  const ended = new Promise<never>((_resolve, reject) => {
    stream.once("error", (error) => {
      refused = upstreamError(error);
      reject(refused);
    });
  });
  // Whoever waits observes the rejection; this one keeps it from being reported when nobody does.
  ended.catch(() => undefined);
  try {
    return await send(stream, ended, columns, tuples);
  } catch (thrown) {
    // What failed here leaves the server waiting for data.
    if (refused === null) stream.destroy(thrown instanceof Error ? thrown : new Error(errorMessage(thrown)));
    throw thrown;
  }
}

async function send(
  stream: Writable,
  ended: Promise<never>,
  columns: number,
  tuples: Iterable<CopyTuple>,
): Promise<number> {
  let rows = 0;
  let chunk: Buffer[] = [SIGNATURE];
  let bytes = SIGNATURE.length;
  const flush = async (): Promise<void> => {
    const writable = stream.write(Buffer.concat(chunk));
    chunk = [];
    bytes = 0;
    if (!writable) await Promise.race([event(stream, "drain"), ended]);
  };
  for (const tuple of tuples) {
    const head = tupleHead(columns, tuple.weight);
    chunk.push(head, tuple.row);
    bytes += head.length + tuple.row.length;
    rows++;
    if (bytes >= CHUNK_BYTES) await flush();
  }
  chunk.push(TRAILER);
  await flush();
  const finished = event(stream, "finish");
  stream.end();
  await Promise.race([finished, ended]);
  return rows;
}

/** Unlike `once` of node:events it leaves errors to whoever waits for them. */
function event(stream: Writable, name: "drain" | "finish"): Promise<void> {
  return new Promise((resolve) => stream.once(name, () => resolve()));
}

function tupleHead(columns: number, weight: number | null): Buffer {
  if (weight === null) {
    const head = Buffer.allocUnsafe(2);
    head.writeInt16BE(columns, 0);
    return head;
  }
  const head = Buffer.allocUnsafe(10);
  head.writeInt16BE(columns + 1, 0);
  head.writeInt32BE(4, 2);
  head.writeInt32BE(weight, 6);
  return head;
}
