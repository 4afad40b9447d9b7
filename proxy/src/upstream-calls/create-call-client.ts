import type { FreshetOptions, Logger } from "@freshet/base";
import type { DriverConnection } from "../upstream/upstream.ts";
import { CallClient } from "./call-client.ts";
import { CallConnection } from "./call-connection.ts";

/** The client that makes an instance's calls upstream. */
export function createCallClient(
  options: FreshetOptions,
  driver: DriverConnection,
  logger: Logger,
  clock: () => number,
): CallClient {
  const { reconnectMinMs: minMs, reconnectMaxMs: maxMs } = options;
  return new CallClient({
    open: () =>
      CallConnection.open({
        ...driver,
        applicationName: `freshet ${options.instance}`,
        connectTimeoutMs: options.upstreamConnectTimeoutMs,
        statementTimeoutMs: options.upstreamCallTimeoutMs,
      }),
    batch: options.upstreamCallBatch,
    reconnect: { minMs, maxMs },
    clock,
    logger,
  });
}
