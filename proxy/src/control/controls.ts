import { type FreshetOptions, SHORT_LOCK_WAITS } from "@freshet/base";
import type { DriverConnection } from "../upstream/upstream.ts";
import { ControlConnection, type ControlConnectionOptions } from "./control-connection.ts";

/** Freshet's own connections to the upstream, one for each kind of use. */
export interface Controls {
  /** Plans statements; builds and comparisons wait for each other here. */
  readonly analysis: ControlConnection;
  readonly privileging: ControlConnection;
  readonly positions: ControlConnection;
  readonly writing: ControlConnection;
}

export function createControls(options: FreshetOptions, driver: DriverConnection): Controls {
  const control = (more: Pick<ControlConnectionOptions, "prologue" | "useTimeoutMs">): ControlConnection =>
    new ControlConnection({
      ...driver,
      applicationName: `freshet ${options.instance}`,
      connectTimeoutMs: options.upstreamConnectTimeoutMs,
      ...more,
    });
  // Statements wait for these two: an upstream that does not answer makes misses of them.
  const asking = { useTimeoutMs: options.upstreamConnectTimeoutMs };
  return {
    analysis: control({ prologue: [SHORT_LOCK_WAITS] }),
    privileging: control(asking),
    // A message that moves the stream on waits for no standby.
    positions: control({ ...asking, prologue: ["SET synchronous_commit TO local"] }),
    // The tables that Freshet makes are no schema changes that caches have to be compared with.
    writing: control({ prologue: ["SET freshet.internal = 'on'", SHORT_LOCK_WAITS] }),
  };
}
