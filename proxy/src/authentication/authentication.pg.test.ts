import { type ConnectionOptions, connect } from "node:tls";
import { createConnection } from "node:net";
import { type AuthType, DEFAULT_AUTH_QUERY, createLogger } from "@freshet/base";
import {
  NEWEST_PROTOCOL_VERSION,
  decodeBackendKeyData,
  decodeNegotiateProtocolVersion,
  encodeCancelRequest,
  encodeQuery,
  encodeSslRequest,
  encodeStartupMessage,
} from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlConnection } from "../control/control-connection.ts";
import { DEFAULT_PROXY_OPTIONS, ProxyServer } from "../listener/proxy-server.ts";
import { FakeCommands, FakeFront } from "../session/testing/fake-front.ts";
import { RawClient, type ReceivedMessage, errorOf, startup, types } from "../session/testing/raw-client.ts";
import { query } from "../session/testing/statements.ts";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import { certificate, tlsFiles } from "../testing/certificates.ts";
import { ClientTls } from "../tls/client-tls.ts";
import { waitUntil } from "../session/testing/wait-until.ts";
import { AUTH_QUERY_PROLOGUE, askForSecret } from "./auth-query.ts";
import { Authenticator } from "./authenticator.ts";
import { systemHostNames } from "./hba-address.ts";
import { parseHbaFile } from "./hba-file.ts";
import { IdentMap } from "./ident-map.ts";
import { askForRoles } from "./role-membership.ts";
import { type StoredSecret, parseSecret } from "./secrets.ts";

const PASSWORD = "päss wörd 7f3a";
const USERS = ["scram user", "md5 user", "late user", "jane"] as const;

let postgres: PostgresServer;
let admin: pg.Client;
let control: ControlConnection;
let log = "";
const servers: ProxyServer[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  for (const user of USERS) {
    await admin.query(`SET password_encryption TO '${user === "md5 user" ? "md5" : "scram-sha-256"}'`);
    await admin.query(`CREATE ROLE "${user}" LOGIN PASSWORD '${PASSWORD}'`);
  }
  await admin.query(`ALTER ROLE "late user" VALID UNTIL '2001-01-01'`);
  control = new ControlConnection({
    connectionString: postgres.url,
    applicationName: "auth",
    connectTimeoutMs: 5000,
    prologue: AUTH_QUERY_PROLOGUE,
  });
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await control.close();
  for (const user of USERS) await admin.query(`DROP ROLE "${user}"`);
  await admin.end();
  await postgres.stop();
  // Neither the passwords nor what PostgreSQL holds of them may be in the log, at any level.
  expect(log).toContain("a client was not let in");
  expect(log).not.toContain(PASSWORD);
  expect(log).not.toMatch(/SCRAM-SHA-256\$|md5[0-9a-f]{32}/);
});

interface Setting {
  readonly type?: AuthType;
  readonly hba?: string;
  readonly ident?: string;
  readonly users?: ReadonlyMap<string, StoredSecret>;
  readonly tls?: boolean;
  readonly failuresPerMinute?: number;
  readonly loginTimeoutMs?: number;
}

async function serve({
  type = "hba",
  hba = "",
  ident = "",
  users = new Map(),
  tls = false,
  failuresPerMinute = 0,
  loginTimeoutMs = 60_000,
}: Setting): Promise<number> {
  const rules = { hba: parseHbaFile(hba, "hba"), identMap: IdentMap.parse(ident, "ident"), users };
  const logger = createLogger({ level: "trace", write: (line) => (log += line) });
  const server = new ProxyServer({
    options: { ...DEFAULT_PROXY_OPTIONS, loginFailuresPerMinute: failuresPerMinute, loginTimeoutMs },
    upstream: postgres,
    authenticator: new Authenticator({
      type,
      rules: () => rules,
      query: (user) => control.withClient((client) => askForSecret(client, DEFAULT_AUTH_QUERY, user)),
      lookups: {
        rolesOf: (user) => control.withClient((client) => askForRoles(client, user)),
        hostNames: systemHostNames,
      },
    }),
    clientTls: tls ? new ClientTls({ ...tlsFiles("server", "authority"), mode: "prefer" }, logger) : null,
    front: new FakeFront(),
    commands: new FakeCommands(),
    logger,
  });
  servers.push(server);
  return (await server.start()).port;
}

async function whoAmI(
  port: number,
  user: string,
  password = PASSWORD,
  ssl: ConnectionOptions | false = false,
): Promise<string> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user,
    password,
    database: postgres.database,
    ssl,
    enableChannelBinding: ssl !== false,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ who: string }>("SELECT current_user AS who");
    return rows[0]?.who ?? "";
  } catch (thrown) {
    const { code, message } = thrown as { readonly code?: string; readonly message: string };
    return `${code} ${message}`;
  } finally {
    await client.end();
  }
}

const WRONG = (user: string): string => `28P01 password authentication failed for user "${user}"`;

describe.each(["scram-sha-256", "md5", "password"] as const)("auth_type %s", (type) => {
  it("lets in who knows the password, and logs in upstream with what it has learnt", async () => {
    const port = await serve({ type });
    expect(await whoAmI(port, "scram user")).toBe("scram user");
    expect(await whoAmI(port, "scram user", "wrong")).toBe(WRONG("scram user"));
    expect(await whoAmI(port, "nobody")).toBe(WRONG("nobody"));
    expect(await whoAmI(port, "late user")).toBe(WRONG("late user"));
  });
});

describe("a client's startup packet", () => {
  it("names no schema to an auth query: an auth query is not led astray by names in front of the catalog's", async () => {
    await admin.query(`CREATE SCHEMA "trap"`);
    await admin.query(
      `CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''1999-01-01''::timestamptz'`,
    );
    await admin.query(`CREATE VIEW trap.pg_authid AS SELECT 'late user'::name AS rolname, '${PASSWORD}'::text AS rolpassword,
      NULL::timestamptz AS rolvaliduntil, true AS rolcanlogin`);
    const port = await serve({ type: "password" });
    const client = new RawClient(port);
    const who = { user: "late user", password: PASSWORD, database: postgres.database };
    client.send(
      startup(who, [
        ["search_path", "trap"],
        ["options", "-c search_path=trap,pg_catalog"],
      ]),
    );
    expect(errorOf(await client.authenticate(who))).toBe(WRONG("late user"));
    await client.closed;
    await admin.query("DROP SCHEMA trap CASCADE");
  });

  it("with quotes in the user's name is only a name", async () => {
    expect(await whoAmI(await serve({ type: "password" }), "x' OR true --", "x")).toBe(WRONG("x' OR true --"));
  });
});

describe("a user with an md5 hash", () => {
  it("is let in by md5 and password, not by SCRAM", async () => {
    const stored = new Map([["md5 user", parseSecret(`md5${"0".repeat(32)}`)]]);
    expect(await whoAmI(await serve({ type: "scram-sha-256" }), "md5 user")).toBe(WRONG("md5 user"));
    expect(await whoAmI(await serve({ type: "md5", users: stored }), "md5 user")).toBe(WRONG("md5 user"));
    // pg_hba.conf upstream asks for SCRAM, for which a hash is not enough.
    expect(await whoAmI(await serve({ type: "md5" }), "md5 user")).toMatch(
      /^28P01 .*(a SCRAM secret|authentication failed)/,
    );
  });
});

describe("a user file", () => {
  it("goes before the upstream; its password is good upstream by any method", async () => {
    const users = new Map([
      ["scram user", parseSecret(PASSWORD)],
      ["jane", parseSecret("not the one upstream has")],
    ]);
    for (const type of ["scram-sha-256", "md5", "password", "trust"] as const) {
      expect(await whoAmI(await serve({ type, users }), "scram user")).toBe("scram user");
    }
    expect(await whoAmI(await serve({ type: "md5", users }), "jane")).toBe(WRONG("jane"));
  });
});

describe("rules", () => {
  it("are chosen by user and address; without one nobody is let in", async () => {
    const port = await serve({
      hba: 'host all "scram user" 127.0.0.1/32 scram-sha-256\nhost all jane all reject\nhost all postgres all relay\n',
    });
    expect(await whoAmI(port, "scram user")).toBe("scram user");
    expect(await whoAmI(port, "jane")).toMatch(
      /^28000 pg_hba.conf rejects connection for host "127.0.0.1", user "jane"/,
    );
    expect(await whoAmI(port, "late user")).toMatch(/^28000 no pg_hba.conf entry for .* no encryption$/);
    const { user, password } = postgres;
    expect(await whoAmI(port, user, password)).toBe(user);
  });

  it("know who is a member of a role, also by way of another; a superuser is so only where it has been made one", async () => {
    await admin.query('CREATE ROLE staff; CREATE ROLE "Night Shift" ROLE jane; GRANT staff TO "Night Shift"');
    const port = await serve({ hba: "host all +staff samehost scram-sha-256\nhost samerole all samehost reject\n" });
    const refused = /^28000 no pg_hba.conf entry for/;
    try {
      expect(await whoAmI(port, "jane")).toBe("jane");
      expect(await whoAmI(port, "scram user")).toMatch(refused);
      expect(await whoAmI(port, "nobody")).toMatch(refused);
      // A member of the role that is called as the database is: itself.
      const { user, password } = postgres;
      expect(await whoAmI(port, user, password)).toMatch(/^28000 pg_hba.conf rejects connection/);
      await admin.query('REVOKE staff FROM "Night Shift"');
      expect(await whoAmI(port, "jane")).toMatch(refused);
    } finally {
      await admin.query('DROP ROLE staff; DROP ROLE "Night Shift"');
    }
  });

  it("know the name of the client's host", async () => {
    const name = await systemHostNames.nameOf("127.0.0.1");
    // A machine without any names has none to match.
    const rules = `host all jane ${name ?? "localhost"} scram-sha-256\nhost all all .example.com trust\n`;
    const port = await serve({ hba: rules });
    const outcome = await whoAmI(port, "jane");
    if (name === null) expect(outcome).toMatch(/^28000 no pg_hba.conf entry/);
    else expect(outcome).toBe("jane");
    expect(await whoAmI(port, "scram user")).toMatch(/^28000 no pg_hba.conf entry/);
  });
});

describe("inside TLS", () => {
  const ca = certificate("authority.crt");
  const jane = { key: certificate("jane.key"), cert: certificate("jane.crt") };

  it("SCRAM is bound to the channel", async () => {
    const port = await serve({ type: "scram-sha-256", tls: true });
    const ssl = { ca: ca.toString(), servername: "localhost" };
    expect(await whoAmI(port, "scram user", PASSWORD, ssl)).toBe("scram user");
    expect(await whoAmI(port, "scram user", "wrong", ssl)).toBe(WRONG("scram user"));
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.write(encodeSslRequest());
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    const client = new RawClient(connect({ socket, ca, servername: "localhost" }));
    client.send(startup({ user: "scram user", password: null, database: postgres.database }));
    const offer = (await client.until("R")).at(-1)?.bytes.toString("latin1") ?? "";
    expect(offer).toContain("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0");
    client.close();
  });

  it("a certificate lets in whom it names, directly or by a map", async () => {
    const users = new Map([
      ["scram user", parseSecret(PASSWORD)],
      ["jane", parseSecret(PASSWORD)],
    ]);
    const ident = 'people "CN=jane,OU=ops,O=example" "scram user"\n';
    const port = await serve({
      tls: true,
      users,
      ident,
      hba: 'hostssl all jane all cert\nhostssl all "scram user" all cert clientname=DN map=people\nhostssl all all all trust clientcert=verify-ca',
    });
    const ssl = { ca: ca.toString(), servername: "localhost", ...jane };
    expect(await whoAmI(port, "jane", "", ssl)).toBe("jane");
    expect(await whoAmI(port, "scram user", "", ssl)).toBe("scram user");
    expect(await whoAmI(port, "jane", "", { ca: ca.toString(), servername: "localhost" })).toBe(
      "28000 connection requires a valid client certificate",
    );
    const plainCert = await serve({ type: "cert", tls: true, users });
    expect(await whoAmI(plainCert, "scram user", "", ssl)).toBe(
      '28000 certificate authentication failed for user "scram user"',
    );
  });
});

describe("the protocol's versions", () => {
  const begin = async (
    port: number,
    version: number,
    extra: readonly [string, string][] = [],
  ): Promise<[RawClient, ReceivedMessage[]]> => {
    const client = new RawClient(port);
    const who = { user: "scram user", password: PASSWORD, database: postgres.database };
    client.send(encodeStartupMessage(version, new Map([["user", who.user], ["database", who.database], ...extra])));
    return [client, await client.authenticate(who)];
  };
  const keyOf = (messages: readonly ReceivedMessage[]): ReturnType<typeof decodeBackendKeyData> => {
    const found = messages.find(({ type }) => type === "K");
    if (found === undefined) throw new Error("no BackendKeyData came");
    return decodeBackendKeyData(found.bytes, 0, found.bytes.length);
  };

  it.each([
    ["3.0", 3 << 16, 4],
    ["3.2", (3 << 16) | 2, 32],
  ])(
    "%s gets a cancel key of its length, whatever the upstream's is, and it cancels",
    async (_name, version, bytes) => {
      const port = await serve({ type: "scram-sha-256" });
      const [client, messages] = await begin(port, version);
      expect(types(messages)).toMatch(/^RRRRS+KZ$/);
      const { processId, secretKey } = keyOf(messages);
      expect(secretKey.length).toBe(bytes);
      const pid = await query(client, "SELECT pg_backend_pid()");
      expect(pid[1]?.bytes.toString("latin1")).toContain(String(processId));
      client.send(encodeQuery("SELECT pg_sleep(64)"));
      const [watcher] = await begin(port, 3 << 16);
      await waitUntil(watcher, "SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(64)'");
      const wrong = new RawClient(port);
      wrong.send(encodeCancelRequest(processId, Buffer.alloc(bytes)));
      await wrong.closed;
      const canceller = new RawClient(port);
      canceller.send(encodeCancelRequest(processId, secretKey));
      expect(errorOf(await client.untilReady())).toMatch(/^57014 /);
      client.close();
      watcher.close();
    },
  );

  it("newer ones and protocol options are negotiated once, at the beginning", async () => {
    const port = await serve({ type: "scram-sha-256" });
    const [client, messages] = await begin(port, (3 << 16) | 9999, [["_pq_.test_protocol_negotiation", ""]]);
    expect(types(messages)).toMatch(/^vRRRRS+KZ$/);
    const first = messages[0]?.bytes ?? Buffer.alloc(0);
    expect(decodeNegotiateProtocolVersion(first, 0, first.length)).toEqual({
      version: NEWEST_PROTOCOL_VERSION,
      unknownOptions: ["_pq_.test_protocol_negotiation"],
    });
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
    client.close();
    const [known, answers] = await begin(port, 3 << 16, [["_pq_.other", "1"]]);
    const negotiated = answers[0]?.bytes ?? Buffer.alloc(0);
    expect(decodeNegotiateProtocolVersion(negotiated, 0, negotiated.length)).toEqual({
      version: 3 << 16,
      unknownOptions: ["_pq_.other"],
    });
    known.close();
  });

  it.each([2, 4])("%i.0 is refused", async (major) => {
    const client = new RawClient(await serve({ type: "trust" }));
    client.send(encodeStartupMessage(major << 16, new Map()));
    expect(errorOf(await client.until("E"))).toBe(
      `0A000 unsupported frontend protocol ${major}.0: Freshet supports 3.0 to 3.2`,
    );
    await client.closed;
  });

  it("a parameter that is given twice has its last value", async () => {
    const port = await serve({ type: "scram-sha-256" });
    const client = new RawClient(port);
    const who = { user: "scram user", password: PASSWORD, database: postgres.database };
    const packet = encodeStartupMessage(
      3 << 16,
      new Map([
        ["user", "nobody"],
        ["database", who.database],
        ["usex", who.user],
      ]),
    );
    client.send(Buffer.from(packet.toString("latin1").replace("usex", "user"), "latin1"));
    expect(types(await client.authenticate(who))).toMatch(/Z$/);
    client.close();
  });

  it("a walsender is let in by the rules for replication, and then relayed", async () => {
    const users = new Map([[postgres.user, parseSecret(postgres.password)]]);
    const port = await serve({ hba: "host replication all all md5\n", users });
    const client = new RawClient(port);
    client.send(startup(postgres, [["replication", "true"]]));
    expect(types(await client.authenticate(postgres))).toMatch(/Z$/);
    expect(types(await query(client, "IDENTIFY_SYSTEM"))).toBe("TDCZ");
    client.close();
  });
});

describe("an address from which too many logins fail", () => {
  it("is refused for a while", async () => {
    const port = await serve({ type: "scram-sha-256", failuresPerMinute: 2 });
    expect(await whoAmI(port, "scram user", "wrong")).toBe(WRONG("scram user"));
    expect(await whoAmI(port, "scram user")).toBe("scram user");
    expect(await whoAmI(port, "scram user", "wrong")).toBe(WRONG("scram user"));
    expect(await whoAmI(port, "scram user")).toBe("53400 too many failed logins from this address");
  });
});

describe("an address whose logins upstream ends for another reason than who they are", () => {
  it("is not refused", async () => {
    const port = await serve({ type: "relay", failuresPerMinute: 1 });
    const { user, password } = postgres;
    for (let count = 0; count < 3; count++) {
      const client = new RawClient(port);
      client.send(startup({ user, password, database: "no such database" }));
      expect(errorOf(await client.authenticate({ user, password, database: null }))).toMatch(/^3D000 /);
      await client.closed;
    }
    expect(await whoAmI(port, user, password)).toBe(user);
    expect(await whoAmI(port, user, "wrong")).toMatch(/^28P01 /);
    expect(await whoAmI(port, user, password)).toMatch(/^53400 /);
  });
});

describe("a client that does not answer", () => {
  it("is ended in time, in its handshake as in its login", async () => {
    const port = await serve({ type: "scram-sha-256", tls: true, loginTimeoutMs: 300 });
    const silent = new RawClient(port);
    silent.send(startup({ user: "jane", password: null, database: postgres.database }));
    expect(errorOf(await silent.until("E"))).toBe("57014 canceling authentication due to timeout");
    await silent.closed;
    const half = new RawClient(port);
    half.send(Buffer.from([0x16, 3, 1, 0, 200, 1]));
    await half.closed;
    const trickling = new RawClient(port);
    const timer = setInterval(() => trickling.send(Buffer.from([0])), 20);
    await trickling.closed;
    clearInterval(timer);
  });
});

describe("a message of another kind where a password is due", () => {
  it("ends the login", async () => {
    const client = new RawClient(await serve({ type: "scram-sha-256" }));
    client.send(startup({ user: "scram user", password: null, database: postgres.database }), encodeQuery("SELECT 1"));
    expect(errorOf(await client.until("E"))).toMatch(/^08P01 expected password response/);
    await client.closed;
  });
});
