import type pg from "pg";
import { FreshetError, SqlState } from "@freshet/base";
import { upstreamError } from "../control/control-connection.ts";
import { type StoredSecret, parseSecret } from "./secrets.ts";

/** What keeps the query to itself: nothing of a client's reaches this connection but the user's name, as a parameter. */
export const AUTH_QUERY_PROLOGUE: readonly string[] = ["SET search_path = ''"];

/** Asks the upstream for a user's secret; null: no such user, no password, or one that is not valid any more. */
export async function askForSecret(client: pg.Client, sql: string, user: string): Promise<StoredSecret | null> {
  const rows = await run(client, sql, user);
  const [row] = rows;
  const secret = row?.[1];
  if (rows.length !== 1 || typeof secret !== "string") return null;
  return parseSecret(secret);
}

async function run(client: pg.Client, sql: string, user: string): Promise<readonly unknown[][]> {
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, values: [user], rowMode: "array" });
    return rows;
  } catch (thrown) {
    const { message } = upstreamError(thrown);
    throw new FreshetError(
      SqlState.invalidAuthorization,
      "the upstream server could not be asked for the user's secret",
      {
        detail: message,
        hint: "The role of the upstream URL must be allowed to run --auth-query; reading pg_authid takes a superuser.",
        cause: thrown,
      },
    );
  }
}
