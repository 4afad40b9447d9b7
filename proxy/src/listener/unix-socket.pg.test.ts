import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { silentLogger } from "@freshet/base";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeCommands, FakeFront } from "../session/testing/fake-front.ts";
import { type ProxiedPostgres, startProxiedPostgres } from "../session/testing/proxied-postgres.ts";
import { DEFAULT_PROXY_OPTIONS, ProxyServer } from "./proxy-server.ts";
import { unixSocketPath } from "./unix-socket.ts";

let directory: string;
let proxied: ProxiedPostgres;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "freshet-unix-"));
  proxied = await startProxiedPostgres({ unixSocket: { directory, mode: 0o770 } });
});
afterAll(async () => {
  await proxied.stop();
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
});

function driver(host: string, port: number): pg.Client {
  const { user, password, database } = proxied.upstream;
  return new pg.Client({ host, port, user: user ?? "", password: password ?? "", database: database ?? "" });
}

describe("a Unix socket", () => {
  it("serves clients, with the mode that was asked for", async () => {
    const client = driver(directory, proxied.port);
    await client.connect();
    expect((await client.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
    await client.end();
    expect((await stat(unixSocketPath(directory, proxied.port))).mode & 0o777).toBe(0o770);
  });

  it("may be where the upstream is", async () => {
    const second = new ProxyServer({
      options: DEFAULT_PROXY_OPTIONS,
      upstream: { host: directory, port: proxied.port },
      front: new FakeFront(),
      commands: new FakeCommands(),
      logger: silentLogger(),
    });
    const { port } = await second.start();
    const client = driver("127.0.0.1", port);
    await client.connect();
    expect((await client.query("SELECT 3 AS three")).rows).toEqual([{ three: 3 }]);
    await client.end();
    await second.stop();
  });
});

describe("a socket that is there already", () => {
  const start = async (port: number): Promise<void> => {
    const server = new ProxyServer({
      options: { ...DEFAULT_PROXY_OPTIONS, port, unixSocket: { directory, mode: 0o777 } },
      upstream: proxied.upstream,
      front: new FakeFront(),
      commands: new FakeCommands(),
      logger: silentLogger(),
    });
    try {
      await server.start();
    } finally {
      await server.stop();
    }
  };
  const freePort = async (): Promise<number> => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    return typeof address === "object" && address !== null ? address.port : 0;
  };

  it("is replaced when its owner died without removing it", async () => {
    const port = await freePort();
    const path = unixSocketPath(directory, port);
    const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", script]), "exit");
    expect((await stat(path)).isSocket()).toBe(true);
    await start(port);
  });

  it("is left alone when somebody answers on it", async () => {
    const port = await freePort();
    const path = unixSocketPath(directory, port);
    const owner = createServer((socket) => socket.end()).listen({ path });
    await once(owner, "listening");
    await expect(start(port)).rejects.toMatchObject({ code: "55006" });
    const still = createConnection({ path });
    await once(still, "connect");
    still.destroy();
    await new Promise((resolve) => owner.close(resolve));
  });
});
