import { type PoolOptions, defaultPoolConfiguration, silentLogger } from "@freshet/base";
import { inspectStatement, loadParser } from "@freshet/sql";
import { Authenticator } from "../../authentication/authenticator.ts";
import { systemHostNames } from "../../authentication/hba-address.ts";
import { IdentMap } from "../../authentication/ident-map.ts";
import { parseSecret } from "../../authentication/secrets.ts";
import { DEFAULT_PROXY_OPTIONS, ProxyServer } from "../../listener/proxy-server.ts";
import { Pools } from "../../pool/pools.ts";
import type { UpstreamUrl } from "../../upstream/address.ts";
import { UpstreamServer } from "../../upstream/upstream-server.ts";
import { FakeCommands, FakeFront } from "./fake-front.ts";

const CONNECT_TIMEOUT_MS = 10_000;

/** A proxy whose clients share server connections, before a server that runs already. */
export interface PooledProxy {
  readonly port: number;
  readonly pools: Pools;
  readonly server: ProxyServer;
  readonly front: FakeFront;
  stop(): Promise<void>;
}

/** Clients are let in as the server's own user, and as `users` (with their passwords on the server), unless there is an authenticator that knows better. */
export async function startPooledProxy(
  upstream: UpstreamUrl,
  options: Partial<PoolOptions>,
  users: Readonly<Record<string, string>> = {},
  authenticator?: Authenticator,
): Promise<PooledProxy> {
  await loadParser();
  const front = new FakeFront();
  front.effects = (text) => inspectStatement(text).effects;
  const passwords = { [upstream.user ?? ""]: upstream.password ?? "", ...users };
  const secrets = Object.entries(passwords).map(([user, password]) => [user, parseSecret(password)] as const);
  const pools = new Pools({
    configuration: {
      options: { ...defaultPoolConfiguration().options, ...options },
      databases: new Map(),
      users: new Map(),
    },
    address: new UpstreamServer(upstream, CONNECT_TIMEOUT_MS),
    logger: silentLogger(),
  });
  const server = new ProxyServer({
    options: { ...DEFAULT_PROXY_OPTIONS, maxConnections: 10_000 },
    upstream,
    front,
    commands: new FakeCommands(),
    logger: silentLogger(),
    authenticator:
      authenticator ??
      new Authenticator({
        type: "trust",
        rules: () => ({ hba: [], identMap: IdentMap.EMPTY, users: new Map(secrets) }),
        query: () => Promise.resolve(null),
        lookups: { rolesOf: () => Promise.resolve(new Set()), hostNames: systemHostNames },
      }),
    pools,
  });
  const { port } = await server.start();
  return {
    port,
    pools,
    server,
    front,
    stop: async () => {
      await server.stop();
      pools.stop();
    },
  };
}
