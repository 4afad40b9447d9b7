import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { silentLogger } from "@freshet/base";
import { encodeCommandComplete, encodeDataRow, encodeQuery, frame, readyForQuery } from "@freshet/wire";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { FakeCommands, FakeFront } from "../session/testing/fake-front.ts";
import { RawClient, errorOf, startup, types } from "../session/testing/raw-client.ts";
import { DEFAULT_PROXY_OPTIONS, ProxyServer } from "./proxy-server.ts";

const WELCOME = Buffer.concat([frame(0x52, Buffer.alloc(4)), readyForQuery("I")]);
const WHO = { user: "u", password: null, database: "d" };

let upstream: Server;
let proxy: ProxyServer;
let port: number;
/** What the upstream does with each chunk after the startup packet. */
let react: (socket: Socket) => void;
let welcome: Buffer | null;

beforeEach(async () => {
  welcome = WELCOME;
  upstream = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      if (welcome === null) socket.end();
      else socket.write(welcome);
      socket.on("data", () => react(socket));
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const address = upstream.address() as AddressInfo;
  proxy = new ProxyServer({
    options: { ...DEFAULT_PROXY_OPTIONS, stopTimeoutMs: 50 },
    upstream: { host: "127.0.0.1", port: address.port },
    front: new FakeFront(),
    commands: new FakeCommands(),
    logger: silentLogger(),
  });
  ({ port } = await proxy.start());
});

afterEach(async () => {
  await proxy.stop();
  await new Promise((resolve) => upstream.close(resolve));
});

async function ask(): Promise<RawClient> {
  const client = await RawClient.login(port, WHO);
  client.send(encodeQuery("SELECT 1"));
  return client;
}

describe("an upstream that breaks off", () => {
  it("without a word is told as 08006, after what it had sent", async () => {
    react = (socket) => socket.end(encodeCommandComplete("SELECT 1"));
    const client = await ask();
    const messages = await client.until("E");
    expect(types(messages)).toBe("CE");
    expect(errorOf(messages)).toBe("08006 the upstream server closed the connection unexpectedly");
    await client.closed;
  });

  it("in the middle of a large row leaves the client with what there was, and no error inside it", async () => {
    const row = encodeDataRow([Buffer.alloc(100_000)]);
    react = (socket) => socket.end(row.subarray(0, 60_000));
    const client = await ask();
    expect(await client.until("E")).toEqual([]);
    await client.closed;
    expect(client.socket.bytesRead).toBe(WELCOME.length + 60_000);
  });

  it("during login is told as 08006", async () => {
    welcome = null;
    const client = new RawClient(port);
    client.send(startup(WHO));
    expect(errorOf(await client.until("E"))).toBe("08006 the upstream server closed the connection during login");
    await client.closed;
  });
});

test("an error without SQLSTATE is relayed as it came, and the session goes on", async () => {
  const error = frame(0x45, Buffer.from("SERROR\0Mhalf an error\0\0"));
  react = (socket) => socket.write(Buffer.concat([error, readyForQuery("I")]));
  const client = await ask();
  const answer = await client.untilReady();
  expect(types(answer)).toBe("EZ");
  expect(answer[0]?.bytes.equals(error)).toBe(true);
  react = (socket) => socket.write(Buffer.concat([encodeCommandComplete("SELECT 0"), readyForQuery("I")]));
  client.send(encodeQuery("SELECT 2"));
  expect(types(await client.untilReady())).toBe("CZ");
});

describe("an upstream that does not speak the protocol", () => {
  it.each([
    ["an impossible length", Buffer.from([0x44, 0, 0, 0, 1]), "08P01"],
    ["ReadyForQuery without a status", frame(0x5a, Buffer.from("?")), "08P01"],
  ])("with %s ends the session", async (_what, bytes, code) => {
    react = (socket) => socket.write(bytes);
    const client = await ask();
    expect(errorOf(await client.until("E"))).toContain(code);
    await client.closed;
  });
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["half a startup packet", startup(WHO).subarray(0, 9)],
])("a client that leaves behind %s holds no connection", async (_, bytes) => {
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const closed = new Promise((resolve) => client.once("close", resolve));
  await vi.waitFor(() => expect(proxy.connections).toBe(1));
  client.once("end", () => client.destroy());
  client.resume();
  client.end(bytes);
  await closed;
  await vi.waitFor(() => expect(proxy.connections).toBe(0));
});
