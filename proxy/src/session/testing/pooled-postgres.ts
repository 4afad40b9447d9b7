import { type PoolOptions, type PoolUserOptions, defaultPoolConfiguration, silentLogger } from "@freshet/base";
import { inspectStatement, loadParser } from "@freshet/sql";
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
  readonly front: FakeFront;
  stop(): Promise<void>;
}

/** The server's own user is known; `users`: others that are. */
export async function startPooledProxy(
  upstream: UpstreamUrl,
  options: Partial<PoolOptions>,
  users: Readonly<Record<string, Partial<PoolUserOptions>>> = {},
): Promise<PooledProxy> {
  await loadParser();
  const front = new FakeFront();
  front.effects = (text) => inspectStatement(text).effects;
  const known = { [upstream.user ?? ""]: { password: upstream.password ?? undefined }, ...users };
  const pools = new Pools({
    configuration: {
      options: { ...defaultPoolConfiguration().options, ...options },
      databases: new Map(),
      users: new Map(Object.entries(known).map(([name, user]) => [name, { ...NO_USER_OPTIONS, ...user }])),
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
    pools,
  });
  const { port } = await server.start();
  return {
    port,
    pools,
    front,
    stop: async () => {
      await server.stop();
      pools.stop();
    },
  };
}

const NO_USER_OPTIONS: PoolUserOptions = {
  password: undefined,
  poolMode: undefined,
  poolSize: undefined,
  maxUserConnections: undefined,
  queryTimeout: undefined,
  idleTransactionTimeout: undefined,
};
