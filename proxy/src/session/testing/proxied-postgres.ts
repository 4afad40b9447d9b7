import { silentLogger } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import {
  DEFAULT_PROXY_OPTIONS,
  ProxyServer,
  type ProxyServerOptions,
  type ProxyServerParts,
} from "../../listener/proxy-server.ts";
import { type UpstreamUrl, parseUpstreamUrl } from "../../upstream/address.ts";
import { FakeCommands, FakeFront } from "./fake-front.ts";

/** A proxy with fake caches in front of a real PostgreSQL. */
export interface ProxiedPostgres {
  readonly upstream: UpstreamUrl;
  readonly upstreamUrl: string;
  readonly port: number;
  readonly server: ProxyServer;
  readonly front: FakeFront;
  readonly commands: FakeCommands;
  stop(): Promise<void>;
}

/** `more`: TLS, mostly. */
export async function startProxiedPostgres(
  options: Partial<ProxyServerOptions> = {},
  more: Partial<ProxyServerParts> = {},
): Promise<ProxiedPostgres> {
  const postgres = await startPostgres();
  const upstream = parseUpstreamUrl(postgres.url);
  const front = new FakeFront();
  const commands = new FakeCommands();
  const server = new ProxyServer({
    options: { ...DEFAULT_PROXY_OPTIONS, ...options },
    upstream,
    front,
    commands,
    logger: silentLogger(),
    ...more,
  });
  const { port } = await server.start();
  return {
    upstream,
    upstreamUrl: postgres.url,
    port,
    server,
    front,
    commands,
    stop: async () => {
      await server.stop();
      await postgres.stop();
    },
  };
}
