import pg from "pg";
import type { UpstreamUrl } from "../../upstream/address.ts";

/** A driver's client of a pool; it must be ended. */
export async function poolClient(
  port: number,
  upstream: UpstreamUrl,
  more: Readonly<Record<string, string>> = {},
): Promise<pg.Client> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: upstream.user ?? "",
    password: upstream.password ?? "",
    database: upstream.database ?? "",
    ...more,
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** The first value of a query's first row, as text. */
export async function value(client: pg.Client, sql: string): Promise<string> {
  const { rows } = await client.query<unknown[]>({ text: sql, rowMode: "array" });
  return String(rows[0]?.[0]);
}
