import { once } from "node:events";
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
  const failed = once(stream, "error").then(([error]) => Promise.reject(upstreamError(error)));
  // The race below observes the rejection; this one keeps it from being reported when the race is over.
  failed.catch(() => undefined);
  let rows = 0;
  let chunk: Buffer[] = [SIGNATURE];
  let bytes = SIGNATURE.length;
  const flush = async (): Promise<void> => {
    const writable = stream.write(Buffer.concat(chunk));
    chunk = [];
    bytes = 0;
    if (!writable) await Promise.race([once(stream, "drain"), failed]);
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
  const finished = once(stream, "finish");
  stream.end();
  await Promise.race([finished, failed]);
  return rows;
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
