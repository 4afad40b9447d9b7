import { encodeBind, encodeDescribe, encodeExecute, encodeParse, encodeQuery } from "@freshet/wire";
import type { ProxiedPostgres } from "./proxied-postgres.ts";
import { RawClient, type ReceivedMessage } from "./raw-client.ts";

/** The statements that the fake caching side answers, with rows 1, 2, 3; upstream has rows 1 and 2. */
export const CACHED = "SELECT n, origin FROM cached_rows";
export const BY_KEY: string = `${CACHED} WHERE n = $1`;

/** Makes the table that the cached statements read. */
export async function createCachedRows(proxied: ProxiedPostgres): Promise<void> {
  const client = await RawClient.login(proxied.port, proxied.upstream);
  await query(client, "CREATE TABLE cached_rows (n int, origin text)");
  await query(client, "INSERT INTO cached_rows VALUES (1, 'upstream'), (2, 'upstream')");
  client.close();
}

/** One simple query and everything up to its ReadyForQuery. */
export function query(client: RawClient, text: string): Promise<ReceivedMessage[]> {
  client.send(encodeQuery(text));
  return client.untilReady();
}

/** Parse, Bind, Describe and Execute of the unnamed statement, without Sync. */
export function run(text: string, values: readonly (string | null)[] = []): Buffer {
  return Buffer.concat([
    encodeParse("", text),
    encodeBind({ values }),
    encodeDescribe("portal", ""),
    encodeExecute(""),
  ]);
}

/** Values of the DataRows, in text format, one string per row. */
export function rowsOf(messages: readonly ReceivedMessage[]): string[] {
  return messages.filter((message) => message.type === "D").map((message) => values(message.bytes).join(","));
}

function values(row: Buffer): string[] {
  const found: string[] = [];
  let at = 7;
  for (let count = row.readUInt16BE(5); count > 0; count--) {
    const length = row.readInt32BE(at);
    at += 4;
    found.push(length < 0 ? "null" : row.toString("utf8", at, at + length));
    at += Math.max(length, 0);
  }
  return found;
}
