import type { Duplex } from "node:stream";
import { type FreshetOptions, type Logger, silentLogger } from "@freshet/base";
import { type UpstreamTlsSettings, checkUpstreamTls } from "../tls/upstream-tls.ts";
import { type UpstreamAddress, type UpstreamUrl, driverUrl, parseUpstreamUrl } from "./address.ts";
import { connectUpstream } from "./connect.ts";
import { PrimaryLocator } from "./primary-locator.ts";
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
  /** To be closed when it is used no more. */
  readonly server: UpstreamServer;
}

/** Throws a FreshetError when the options do not fit together or name files that cannot be read. */
export function upstreamOf(options: FreshetOptions, logger: Logger = silentLogger()): Upstream {
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
  const connectionString = driverUrl(options.upstream);
  const timeoutMs = options.upstreamConnectTimeoutMs;
  const { hosts, target } = url;
  const open = (address: UpstreamAddress): ReturnType<typeof connectUpstream> =>
    connectUpstream(address, timeoutMs, tls);
  const locator =
    target === "any" ? null : new PrimaryLocator({ hosts, target, connectionString, open, timeoutMs }, logger);
  const server = new UpstreamServer(url, timeoutMs, tls, locator);
  return { url, tls, driver: { connectionString, stream: server.driverStream }, server };
}
