import { FreshetError, SqlState } from "@freshet/base";
import type { SessionActivity } from "../session/pool-port.ts";
import type { PoolLimits } from "./pool-limits.ts";

type ClientLimits = Pick<
  PoolLimits,
  "queryTimeoutMs" | "idleTransactionTimeoutMs" | "clientIdleTimeoutMs" | "transactionTimeoutMs"
>;

/** What a client that has taken too long is told, by PostgreSQL's own codes where it has such a time-out; null: it has not. */
export function clientTimeout(activity: SessionActivity, limits: ClientLimits, time: number): FreshetError | null {
  const elapsed = time - activity.since;
  const { transactionSince } = activity;
  if (exceeds(transactionSince === null ? 0 : time - transactionSince, limits.transactionTimeoutMs))
    return new FreshetError("25P04", "terminating connection due to transaction_timeout");
  switch (activity.state) {
    case "active":
      return exceeds(elapsed, limits.queryTimeoutMs)
        ? new FreshetError(SqlState.queryCanceled, "terminating connection due to query_timeout")
        : null;
    case "idle in transaction":
      return exceeds(elapsed, limits.idleTransactionTimeoutMs)
        ? new FreshetError("25P03", "terminating connection due to idle_transaction_timeout")
        : null;
    case "idle":
      return exceeds(elapsed, limits.clientIdleTimeoutMs)
        ? new FreshetError("57P05", "terminating connection due to client_idle_timeout")
        : null;
    case "waiting":
      return null;
  }
}

function exceeds(elapsed: number, limit: number): boolean {
  return limit > 0 && elapsed > limit;
}
