import { X509Certificate } from "node:crypto";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, type Socket, createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, type TLSSocket, connect } from "node:tls";
import { silentLogger } from "@freshet/base";
import {
  encodeCancelRequest,
  encodeGssencRequest,
  encodeQuery,
  encodeSslRequest,
  decodeBackendKeyData,
} from "@freshet/wire";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ProxiedPostgres, startProxiedPostgres } from "../session/testing/proxied-postgres.ts";
import { RawClient, errorOf, startup, types } from "../session/testing/raw-client.ts";
import { CACHED, createCachedRows, query, rowsOf } from "../session/testing/statements.ts";
import { waitUntil } from "../session/testing/wait-until.ts";
import { certificate, certificatePath, tlsFiles } from "../testing/certificates.ts";
import { ClientTls } from "../tls/client-tls.ts";

let folder: string;
let proxied: ProxiedPostgres;
let tls: ClientTls;
const open: { destroy(): void }[] = [];

/** The files are copies, so that they can be replaced. */
async function install(name: "server" | "renewed"): Promise<void> {
  for (const kind of ["key", "crt"]) await copyFile(certificatePath(`${name}.${kind}`), join(folder, `own.${kind}`));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-tls-"));
  await install("server");
  const files = tlsFiles(null, "authority", "authority.crl");
  tls = new ClientTls(
    { ...files, mode: "prefer", keyFile: join(folder, "own.key"), certFile: join(folder, "own.crt") },
    silentLogger(),
  );
  proxied = await startProxiedPostgres({}, { clientTls: tls });
  await createCachedRows(proxied);
});
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});
afterAll(async () => {
  await proxied.stop();
  await rm(folder, { recursive: true });
});

function plain(): Socket {
  const socket = createConnection({ host: "127.0.0.1", port: proxied.port });
  socket.on("error", () => undefined);
  open.push(socket);
  return socket;
}

function answer(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("data", (chunk: Buffer) => {
      socket.pause();
      resolve(chunk.toString("latin1"));
    });
    socket.once("close", () => resolve("closed"));
    socket.resume();
  });
}

function handshake(socket: Socket, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const encrypted = connect({ socket, ca: certificate("authority.crt"), servername: "localhost", ...options });
    open.push(encrypted);
    encrypted.once("error", reject);
    encrypted.once("secureConnect", () => {
      encrypted.off("error", reject).on("error", () => undefined);
      resolve(encrypted);
    });
  });
}

/** Through SSLRequest. */
async function encrypted(options: ConnectionOptions = {}): Promise<RawClient> {
  const socket = plain();
  socket.write(encodeSslRequest());
  expect(await answer(socket)).toBe("S");
  return new RawClient(await handshake(socket, options));
}

const ALPN = { ALPNProtocols: ["postgresql"] };

async function logIn(client: RawClient): Promise<RawClient> {
  client.send(startup(proxied.upstream));
  expect(types(await client.authenticate(proxied.upstream))).toMatch(/Z$/);
  return client;
}

describe("TLS for clients", () => {
  it("begins with SSLRequest; hits and misses go through it", async () => {
    const client = await logIn(await encrypted());
    expect(rowsOf(await query(client, CACHED))).toEqual(rowsOf(await query(client, CACHED)));
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
    expect(types(await query(client, "SELECT repeat('x', 3000000)"))).toBe("TDCZ");
  });

  it("sends no larger records than PostgreSQL does", async () => {
    const received: Buffer[] = [];
    const relay = createServer((client) => {
      const server = createConnection({ host: "127.0.0.1", port: proxied.port });
      for (const socket of [client, server]) socket.on("error", () => undefined);
      open.push(client, server);
      client.pipe(server);
      server.on("data", (chunk: Buffer) => {
        received.push(chunk);
        client.write(chunk);
      });
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
    const socket = createConnection({ host: "127.0.0.1", port: (relay.address() as AddressInfo).port });
    open.push(socket);
    socket.write(encodeSslRequest());
    expect(await answer(socket)).toBe("S");
    const client = await logIn(new RawClient(await handshake(socket)));
    expect(types(await query(client, "SELECT repeat('x', 300000)"))).toBe("TDCZ");
    const bytes = Buffer.concat(received);
    const lengths: number[] = [];
    for (let at = 1; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
      lengths.push(bytes.readUInt16BE(at + 3));
    expect(lengths.length).toBeGreaterThan(300_000 / 8192);
    // With what encryption adds to each.
    expect(Math.max(...lengths)).toBeLessThan(8192 + 256);
    relay.close();
  });

  it("may follow a declined GSSENCRequest", async () => {
    const socket = plain();
    socket.write(encodeGssencRequest());
    expect(await answer(socket)).toBe("N");
    socket.write(encodeSslRequest());
    expect(await answer(socket)).toBe("S");
    await logIn(new RawClient(await handshake(socket)));
  });

  it("may begin at once, with ALPN", async () => {
    const client = await logIn(new RawClient(await handshake(plain(), ALPN)));
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
  });

  it("that begins at once without ALPN, or with another, is refused", async () => {
    const client = new RawClient(await handshake(plain()));
    expect(errorOf(await client.until("E"))).toMatch(/^08P01 .*without ALPN/);
    await client.closed;
    await expect(handshake(plain(), { ALPNProtocols: ["http/1.1"] })).rejects.toThrow(
      /alert|disconnected|no application protocol/,
    );
  });

  it("does not take plain text behind SSLRequest or GSSENCRequest for encrypted", async () => {
    for (const request of [encodeSslRequest(), encodeGssencRequest()]) {
      const client = new RawClient(plain());
      client.send(request, startup(proxied.upstream));
      const [first] = await client.until();
      expect(first === undefined ? "" : errorOf([first])).toMatch(/^08P01 received unencrypted data/);
      await client.closed;
    }
  });

  it("serves drivers, with and without it", async () => {
    for (const ssl of [false, { ca: certificate("authority.crt").toString() }]) {
      const direct = new URL(proxied.upstreamUrl);
      direct.host = `127.0.0.1:${proxied.port}`;
      const through = new pg.Client({ connectionString: direct.href, ssl });
      await through.connect();
      expect((await through.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await through.end();
    }
  });

  it("speaks nothing older than TLS 1.2", async () => {
    const socket = plain();
    socket.write(encodeSslRequest());
    expect(await answer(socket)).toBe("S");
    await expect(
      handshake(socket, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" }),
    ).rejects.toThrow(/protocol version|disconnected/);
  });

  it("takes new certificates without ending what is there; files that do not fit change nothing", async () => {
    const before = await logIn(await encrypted());
    await install("renewed");
    tls.reload();
    const socket = plain();
    socket.write(encodeSslRequest());
    await answer(socket);
    const after = await handshake(socket);
    expect(after.getPeerX509Certificate()?.raw).toEqual(new X509Certificate(certificate("renewed.crt")).raw);
    expect(types(await query(before, "SELECT 1"))).toBe("TDCZ");
    await copyFile(certificatePath("server.key"), join(folder, "own.key"));
    tls.reload();
    await logIn(await encrypted());
  });
});

describe("a client's certificate", () => {
  const shown = (name: string): ConnectionOptions => ({
    key: certificate(`${name}.key`),
    cert: certificate(`${name}.crt`),
  });

  it("that verifies is accepted", async () => {
    const client = await logIn(await encrypted(shown("jane")));
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
  });

  it.each(["revoked", "foreign"])("that is %s is refused", async (name) => {
    const client = await encrypted(shown(name));
    client.send(startup(proxied.upstream));
    expect(errorOf(await client.until("E"))).toBe("28000 the client's certificate cannot be verified");
    await client.closed;
  });
});

describe("a cancel request", () => {
  it.each(["inside TLS", "in plain text"])("%s interrupts a query of an encrypted session", async (how) => {
    const client = await encrypted();
    client.send(startup(proxied.upstream));
    const key = (await client.authenticate(proxied.upstream)).find(({ type }) => type === "K");
    if (key === undefined) throw new Error("no BackendKeyData came");
    const { processId, secretKey } = decodeBackendKeyData(key.bytes, 0, key.bytes.length);
    client.send(encodeQuery("SELECT pg_sleep(62)"));
    const watcher = await RawClient.login(proxied.port, proxied.upstream);
    await waitUntil(
      watcher,
      "SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(62)' AND state = 'active'",
    );
    const canceller = how === "in plain text" ? new RawClient(plain()) : await encrypted();
    canceller.send(encodeCancelRequest(processId, secretKey));
    expect(errorOf(await client.untilReady())).toBe("57014 canceling statement due to user request");
    await canceller.closed;
    watcher.close();
  });
});

describe.each(["require", "verify-ca", "verify-full"] as const)("client_tls_sslmode %s", (mode) => {
  it(`refuses plain text${mode === "require" ? "" : " and clients without a certificate"}`, async () => {
    const strict = await startProxiedPostgres(
      {},
      { clientTls: new ClientTls({ ...tlsFiles("server", "authority"), mode }, silentLogger()) },
    );
    try {
      const client = new RawClient(strict.port);
      client.send(startup(strict.upstream));
      expect(errorOf(await client.until("E"))).toBe("28000 connections without TLS are not accepted");
      const socket = createConnection({ host: "127.0.0.1", port: strict.port });
      socket.write(encodeSslRequest());
      await answer(socket);
      const inside = new RawClient(await handshake(socket));
      inside.send(startup(strict.upstream));
      expect(errorOf(await inside.authenticate(strict.upstream))).toBe(
        mode === "require" ? "no error" : "28000 connection requires a valid client certificate",
      );
      inside.close();
    } finally {
      await strict.stop();
    }
  });
});

describe("files for TLS that cannot be used", () => {
  it("are named at start", () => {
    const make = (files: Partial<ReturnType<typeof tlsFiles>>): ClientTls =>
      new ClientTls({ ...tlsFiles("server"), ...files, mode: "prefer" }, silentLogger());
    expect(() => make({ keyFile: "/nowhere/key.pem" })).toThrow('could not read "/nowhere/key.pem"');
    expect(() => make({ keyFile: certificatePath("jane.key") })).toThrow("cannot be used");
  });
});
