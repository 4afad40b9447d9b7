import { randomBytes } from "node:crypto";
import { type AddressInfo, type Server, type Socket, createConnection, createServer } from "node:net";
import { connect } from "node:tls";
import { type SslMode, silentLogger } from "@freshet/base";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import { FrontendType, decodeBackendKeyData, encodeCancelRequest, encodeQuery, frame } from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlConnection } from "../control/control-connection.ts";
import { DEFAULT_PROXY_OPTIONS, ProxyServer } from "../listener/proxy-server.ts";
import { FakeCommands, FakeFront } from "../session/testing/fake-front.ts";
import { RawClient, errorOf, startup, types } from "../session/testing/raw-client.ts";
import { query, rowsOf } from "../session/testing/statements.ts";
import { waitUntil } from "../session/testing/wait-until.ts";
import { certificate, tlsFiles } from "../testing/certificates.ts";
import { ClientTls } from "../tls/client-tls.ts";
import { NO_UPSTREAM_TLS, type UpstreamTlsSettings } from "../tls/upstream-tls.ts";
import { parseUpstreamUrl } from "./address.ts";
import { connectUpstream } from "./connect.ts";
import { UpstreamServer } from "./upstream-server.ts";

let postgres: PostgresServer;
let admin: pg.Client;
const names = { cert: `freshet-${randomBytes(4).toString("hex")}.crt`, key: "", ca: "", crl: "" };

/** Puts a file into the server's data folder with a key's permissions. */
async function install(file: string, contents: Buffer): Promise<void> {
  const lines = contents.toString().trim().split("\n");
  const rows = lines.map((line) => `(${admin.escapeLiteral(line)})`).join(", ");
  await admin.query(`COPY (VALUES ${rows}) TO PROGRAM 'umask 077; cat > ${file}'`);
}

async function present(name: string): Promise<void> {
  await install(names.cert, certificate(`${name}.crt`));
  await install(names.key, certificate(`${name}.key`));
  await admin.query("SELECT pg_reload_conf()");
}

beforeAll(async () => {
  postgres = await startPostgres();
  admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  const stem = names.cert.replace(/\.crt$/, "");
  Object.assign(names, { key: `${stem}.key`, ca: `${stem}-ca.crt`, crl: `${stem}.crl` });
  await install(names.ca, certificate("authority.crt"));
  await present("server");
  await admin.query(`ALTER SYSTEM SET ssl_cert_file = '${names.cert}'`);
  await admin.query(`ALTER SYSTEM SET ssl_key_file = '${names.key}'`);
  await admin.query(`ALTER SYSTEM SET ssl_ca_file = '${names.ca}'`);
  await admin.query("ALTER SYSTEM SET ssl = on");
  await admin.query("SELECT pg_reload_conf()");
  await until(async () => (await attempt("require")) === "encrypted");
});
afterAll(async () => {
  for (const name of ["ssl", "ssl_cert_file", "ssl_key_file", "ssl_ca_file"])
    await admin.query(`ALTER SYSTEM RESET ${name}`);
  await admin.query("SELECT pg_reload_conf()");
  await admin.query(`COPY (SELECT) TO PROGRAM 'cat > /dev/null; rm -f ${names.cert} ${names.key} ${names.ca}'`);
  await admin.end();
  await postgres.stop();
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function settings(mode: SslMode, more: Partial<UpstreamTlsSettings> = {}): UpstreamTlsSettings {
  return { ...NO_UPSTREAM_TLS, mode, ...more };
}

/** What becomes of a connection, or why there is none. */
async function attempt(mode: SslMode, more: Partial<UpstreamTlsSettings> = {}, host = postgres.host): Promise<string> {
  try {
    const socket = await connectUpstream({ host, port: postgres.port }, 5000, settings(mode, more));
    socket.destroy();
    return "encrypted" in socket && socket.encrypted === true ? "encrypted" : "plain";
  } catch (thrown) {
    const { detail } = thrown as { readonly detail?: string };
    return detail ?? String(thrown);
  }
}

const trusted = { ca: tlsFiles(null, "authority") };

describe("TLS to the upstream", () => {
  it.each([
    ["disable", "plain"],
    ["allow", "encrypted"],
    ["prefer", "encrypted"],
    ["require", "encrypted"],
  ] as const)("with sslmode %s is %s", async (mode, outcome) => {
    expect(await attempt(mode)).toBe(outcome);
  });

  it("verifies the authority, and with verify-full the host's name", async () => {
    expect(await attempt("verify-ca")).toMatch(/self-signed|unable to (verify|get)/);
    expect(await attempt("verify-ca", tlsFiles(null, "stranger"))).toMatch(
      /self-signed|unable to (verify|get)|signature failure/,
    );
    expect(await attempt("verify-ca", trusted.ca)).toBe("encrypted");
    expect(await attempt("verify-full", trusted.ca)).toBe("encrypted");
    expect(await attempt("verify-full", trusted.ca, "localhost")).toBe("encrypted");
    await present("misnamed");
    await until(async () => (await attempt("verify-full", trusted.ca)) !== "encrypted");
    expect(await attempt("verify-full", trusted.ca)).toMatch(/not in the cert's list/);
    expect(await attempt("verify-ca", trusted.ca)).toBe("encrypted");
    await present("revoked");
    await until(
      async () =>
        (await attempt("verify-full", tlsFiles(null, "authority", "authority.crl"))) === "certificate revoked",
    );
    await present("server");
    await until(async () => (await attempt("verify-full", trusted.ca)) === "encrypted");
  });

  it("may begin at once", async () => {
    const version = Number(
      (await admin.query<{ server_version_num: string }>("SHOW server_version_num")).rows[0]?.server_version_num,
    );
    const outcome = await attempt("verify-full", { ...trusted.ca, negotiation: "direct" });
    if (version >= 170_000) expect(outcome).toBe("encrypted");
    else expect(outcome).toMatch(/closed|reset|disconnected/);
  });

  it("carries sessions, cancel requests and Freshet's own connections", async () => {
    const upstream = parseUpstreamUrl(postgres.url);
    const upstreamTls = settings("verify-full", tlsFiles("jane", "authority"));
    const server = new ProxyServer({
      options: DEFAULT_PROXY_OPTIONS,
      upstream,
      upstreamTls,
      front: new FakeFront(),
      commands: new FakeCommands(),
      logger: silentLogger(),
    });
    const { port } = await server.start();
    try {
      const client = new RawClient(port);
      client.send(startup(upstream));
      const key = (await client.authenticate(upstream)).find(({ type }) => type === "K");
      if (key === undefined) throw new Error("no BackendKeyData came");
      const facts = await query(client, "SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
      expect(rowsOf(facts)).toEqual(["t,/O=example/OU=ops/CN=jane"]);
      expect(types(await query(client, "SELECT repeat('x', 3000000)"))).toBe("TDCZ");
      const { processId, secretKey } = decodeBackendKeyData(key.bytes, 0, key.bytes.length);
      client.send(encodeQuery("SELECT pg_sleep(63)"));
      const watcher = await RawClient.login(port, upstream);
      await waitUntil(
        watcher,
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(63)' AND state = 'active'",
      );
      const canceller = new RawClient(port);
      canceller.send(encodeCancelRequest(processId, secretKey));
      expect(errorOf(await client.untilReady())).toMatch(/^57014 /);
      client.close();
      watcher.close();
    } finally {
      await server.stop();
    }
    const stream = new UpstreamServer(upstream, 5000, upstreamTls).driverStream;
    const control = new ControlConnection({
      connectionString: postgres.url,
      stream,
      applicationName: "t",
      connectTimeoutMs: 5000,
    });
    expect(await control.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).toEqual([["t"]]);
    const big = await control.query("SELECT repeat('y', 5000000)");
    expect(big[0]?.[0]?.length).toBe(5_000_000);
    await control.close();
  });
});

describe("a login that is relayed between TLS on both sides", () => {
  it("says why a client that could bind its channel is not let in", async () => {
    const upstreamUrl = parseUpstreamUrl(postgres.url);
    const server = new ProxyServer({
      options: DEFAULT_PROXY_OPTIONS,
      upstream: upstreamUrl,
      upstreamTls: settings("require"),
      clientTls: new ClientTls({ ...tlsFiles("server"), mode: "prefer" }, silentLogger()),
      front: new FakeFront(),
      commands: new FakeCommands(),
      logger: silentLogger(),
    });
    const { port } = await server.start();
    const begin = async (first: string): Promise<string> => {
      const socket = createConnection({ host: "127.0.0.1", port });
      const client = new RawClient(connect({ socket, ALPNProtocols: ["postgresql"], rejectUnauthorized: false }));
      client.send(startup(upstreamUrl));
      const offer = (await client.until("R")).at(-1)?.bytes.toString("latin1", 9);
      expect(offer).toBe("SCRAM-SHA-256\0\0");
      const length = Buffer.alloc(4);
      length.writeInt32BE(first.length);
      client.send(frame(FrontendType.password, Buffer.from("SCRAM-SHA-256\0"), length, Buffer.from(first)));
      const [next] = await client.until("R");
      client.close();
      return next === undefined ? "closed" : errorOf([next]);
    };
    expect(await begin("y,,n=,r=abcdefgh")).toBe("28000 a login with channel binding cannot be relayed");
    expect(await begin("n,,n=,r=abcdefgh")).toBe("no error");
    await server.stop();
  });
});

describe("an upstream that answers the request for TLS wrongly", () => {
  let server: Server;
  const reply = async (bytes: string): Promise<string> => {
    server = createServer((socket: Socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => (bytes === "" ? socket.end() : socket.write(bytes)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const socket = await connectUpstream(
        { host: "127.0.0.1", port },
        3000,
        settings(bytes === "N" ? "require" : "prefer"),
      );
      socket.destroy();
      return "connected";
    } catch (thrown) {
      return (thrown as { readonly detail?: string }).detail ?? "";
    } finally {
      server.close();
    }
  };

  it.each([
    ["with bytes behind its answer", "Sinjected", "no proper answer"],
    ["with bytes behind a refusal", "Ninjected", "no proper answer"],
    ["with an error from nobody known", "EFATAL: do this", "no proper answer"],
    ["with a refusal where TLS is required", "N", "does not offer TLS"],
    ["by closing", "", "closed the connection"],
  ])("%s is left", async (_what, bytes, reason) => {
    expect(await reply(bytes)).toContain(reason);
  });
});
