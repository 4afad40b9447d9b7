import type { Duplex } from "node:stream";
import type { FreshetOptions } from "@freshet/base";
import { type UpstreamTlsSettings, checkUpstreamTls } from "../tls/upstream-tls.ts";
import { type UpstreamUrl, parseUpstreamUrl, withoutTls } from "./address.ts";
import { UpstreamServer } from "./upstream-server.ts";

/** How Freshet's own connections reach the upstream, in the driver's terms. */
export interface DriverConnection {
  readonly connectionString: string;
  /** Undefined: the driver's own socket does. */
  readonly stream: (() => Duplex) | undefined;
}

/** The upstream that the options name. */
export interface Upstream {
  readonly url: UpstreamUrl;
  readonly tls: UpstreamTlsSettings;
  readonly driver: DriverConnection;
}

/** Throws a FreshetError when the options do not fit together or name files that cannot be read. */
export function upstreamOf(options: FreshetOptions): Upstream {
  const url = parseUpstreamUrl(options.upstream);
  const tls = checkUpstreamTls({
    mode: options.serverTlsSslmode ?? url.sslMode ?? "prefer",
    negotiation: url.sslNegotiation ?? options.serverTlsSslnegotiation,
    keyFile: options.serverTlsKeyFile,
    certFile: options.serverTlsCertFile,
    caFile: options.serverTlsCaFile,
    crlFile: options.serverTlsCrlFile,
    minVersion: options.serverTlsMinVersion,
    ciphers: options.serverTlsCiphers,
  });
  const { driverStream } = new UpstreamServer(url, options.upstreamConnectTimeoutMs, tls);
  return { url, tls, driver: { connectionString: withoutTls(options.upstream), stream: driverStream } };
}
