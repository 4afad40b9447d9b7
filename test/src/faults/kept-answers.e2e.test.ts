import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { type ExtendedRequest, RawClient, type Reply } from "../harness/raw-client.ts";
import { untilReady } from "./replicating.ts";
import { barrier, cachesReady, TextClient, until } from "./support.ts";

const TEXT = "SELECT id, at, note FROM kept WHERE owner = $1 ORDER BY id";

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;
let proxied: TextClient;
let cached: RawClient;
let direct: RawClient;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows("CREATE TABLE kept (id int PRIMARY KEY, owner int, at timestamptz, note text)");
  freshet = await FreshetProcess.start({ upstream: server, instance: "kept" });
  await untilReady(freshet);
  proxied = await TextClient.connect(freshet.connection);
  await proxied.rows(`CREATE CACHE kept FROM ${TEXT}`);
  await cachesReady(proxied);
});

afterAll(async () => {
  await cached.end();
  await direct.end();
  await proxied.end();
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

beforeEach(async () => {
  await upstream.rows("TRUNCATE kept");
  await upstream.rows("INSERT INTO kept SELECT i, i % 3, '2024-07-01 12:00+00', 'n' || i FROM generate_series(1, 9) i");
  await cached?.end();
  await direct?.end();
  [cached, direct] = await Promise.all([RawClient.connect(freshet.connection), RawClient.connect(server)]);
  await barrier(upstream, proxied);
});

function request(owner: number, more: Partial<ExtendedRequest> = {}): ExtendedRequest {
  return { text: TEXT, values: [`${owner}`], formats: [], resultFormats: [], statement: "s", ...more };
}

function shown({ envelope, rows, error }: Reply): unknown {
  return {
    envelope: envelope.toString("latin1"),
    rows: rows.map((row) => row.map((value) => value?.toString("hex"))),
    error,
  };
}

/** Asks so often that answers are kept and sent again; each must be PostgreSQL's, and from the cache. */
async function expectAgreement(ask: (client: RawClient) => Promise<Reply>): Promise<void> {
  await ask(direct);
  await until("the statement is a hit", async () => {
    await ask(cached);
    return (await destination()) === "cache" ? true : undefined;
  });
  for (let time = 0; time < 4; time++) expect(shown(await ask(cached))).toEqual(shown(await ask(direct)));
  expect(await destination()).toBe("cache");
}

/** Where the last statement went. */
async function destination(): Promise<string | undefined> {
  return (await cached.simple("EXPLAIN LAST STATEMENT")).rows[0]?.[0]?.toString();
}

const simple = (owner: number) => (client: RawClient) => client.simple(TEXT.replace("$1", `${owner}`));
const prepared =
  (owner: number, more: Partial<ExtendedRequest> = {}) =>
  (client: RawClient) =>
    client.extended(request(owner, more));

/** One question in each protocol. */
async function expectAgreementInAll(owner: number): Promise<void> {
  await expectAgreement(prepared(owner));
  await expectAgreement(prepared(owner, { statement: "" }));
  await expectAgreement(simple(owner));
}

describe("an answer that is sent again", () => {
  test("is PostgreSQL's in each protocol and format", async () => {
    for (const owner of [0, 1, 7]) await expectAgreementInAll(owner);
    for (const resultFormats of [[1], [0], [0, 1, 0], [1, 1, 1]]) await expectAgreement(prepared(1, { resultFormats }));
    await expectAgreement(prepared(1, { values: [Buffer.from([0, 0, 0, 1])], formats: [1] }));
    await expectAgreement(prepared(1, { values: [null] }));
  });

  test("changes with each commit, and with TRUNCATE", async () => {
    const commits = [
      "UPDATE kept SET note = 'changed' WHERE id = 4",
      "UPDATE kept SET owner = 2 WHERE id = 1",
      "DELETE FROM kept WHERE owner = 1",
      "INSERT INTO kept VALUES (20, 1, NULL, NULL)",
      "TRUNCATE kept",
      "INSERT INTO kept VALUES (21, 1, now(), 'again')",
    ];
    for (const commit of commits) {
      await expectAgreementInAll(1);
      await upstream.rows(commit);
      await barrier(upstream, proxied);
    }
    await expectAgreementInAll(1);
  });

  test("is not sent to a session that has written until its write is in the views", async () => {
    await expectAgreement(prepared(1));
    for (let round = 0; round < 20; round++) {
      expect((await cached.simple(`UPDATE kept SET note = 'round ${round}' WHERE id = 4`)).error).toBeUndefined();
      expect(shown(await prepared(1)(cached))).toEqual(shown(await prepared(1)(direct)));
    }
  });

  test("follows the session's settings", async () => {
    for (const zone of ["Asia/Kolkata", "Europe/Berlin", "UTC"]) {
      await expectAgreement(prepared(1));
      for (const client of [cached, direct]) await client.simple(`SET TimeZone = '${zone}'`);
    }
    await expectAgreementInAll(1);
    // A form that only PostgreSQL knows.
    for (const client of [cached, direct]) await client.simple("SET DateStyle = 'German'");
    expect(shown(await prepared(1)(cached))).toEqual(shown(await prepared(1)(direct)));
    for (const client of [cached, direct]) await client.simple("RESET DateStyle");
    await expectAgreementInAll(1);
  });

  test("is not the one of a dropped cache, nor of another of the same text", async () => {
    const text = "SELECT note FROM kept WHERE id = 5";
    const ask = (client: RawClient): Promise<Reply> => client.simple(text);
    for (let round = 0; round < 3; round++) {
      expect((await cached.simple(`CREATE CACHE again FROM ${text}`)).error).toBeUndefined();
      await barrier(upstream, proxied);
      await expectAgreement(ask);
      expect((await cached.simple("DROP CACHE again")).error).toBeUndefined();
      await upstream.rows(`UPDATE kept SET note = 'round ${round}' WHERE id = 5`);
      expect(shown(await ask(cached))).toEqual(shown(await ask(direct)));
      expect(await destination()).toBe("upstream");
    }
  });

  test("needs the privileges that its reader has then", async () => {
    await expectAgreement(prepared(1));
    await upstream.rows("CREATE ROLE stranger LOGIN PASSWORD 'stranger'");
    const stranger = await RawClient.connect({ ...freshet.connection, user: "stranger", password: "stranger" });
    const refused = await stranger.simple(TEXT.replace("$1", "1"));
    expect(refused.error?.code).toBe("42501");
    await stranger.end();
  });
});
