import type { FreshetOptions } from "@freshet/base";
import { type Share, shareOf } from "../pool/pool-share.ts";
import type { ProxyServerOptions } from "./proxy-server.ts";

/** How long clients may take to go away when Freshet stops. */
const STOP_TIMEOUT_MS = 5_000;

/** What the options say of the listener of one process. */
export function proxyOptions(options: FreshetOptions, share: Share): ProxyServerOptions {
  return {
    host: options.listen.host,
    port: options.listen.port,
    maxConnections: shareOf(options.maxConnections, share),
    loginTimeoutMs: options.clientLoginTimeoutMs,
    connectTimeoutMs: options.upstreamConnectTimeoutMs,
    stopTimeoutMs: STOP_TIMEOUT_MS,
    loginFailuresPerMinute: options.loginFailuresPerMinute,
    ...(options.unixSocketDir === undefined
      ? {}
      : { unixSocket: { directory: options.unixSocketDir, mode: Number.parseInt(options.unixSocketMode, 8) } }),
  };
}
