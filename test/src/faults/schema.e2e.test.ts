import { afterAll, beforeAll, expect, test } from "vitest";
import { Replicating } from "./replicating.ts";
import { barrier, cacheNamed, cachedRows, until } from "./support.ts";
import type { Rows, TextClient } from "./support.ts";

let running: Replicating;
let upstream: TextClient;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("ddl");
  ({ upstream, proxied } = running);
});

afterAll(() => running.stop());

async function makeTable(name: string): Promise<void> {
  await upstream.rows(
    `CREATE TABLE ${name} (id int PRIMARY KEY, kind text, amount int); INSERT INTO ${name} SELECT i, 'kind ' || i % 3, i FROM generate_series(1, 30) i`,
  );
}

/** Asked again and again right after a change: whatever answers, it is the upstream's answer. */
async function neverWrong(query: string): Promise<void> {
  const wanted = await upstream.rows(query);
  for (let attempt = 0; attempt < 20; attempt++) {
    await barrier(upstream, proxied);
    expect(await proxied.rows(query)).toEqual(wanted);
  }
}

/** After the change the cache comes back under its name; what it and the upstream say then, and after one more write. */
async function comesBack(query: string, write: string): Promise<{ readonly cached: Rows[]; readonly direct: Rows[] }> {
  await neverWrong(query);
  const before = { cached: await cachedRows(proxied, query), direct: await upstream.rows(query) };
  await upstream.rows(write);
  await barrier(upstream, proxied);
  const after = { cached: await cachedRows(proxied, query), direct: await upstream.rows(query) };
  return { cached: [before.cached, after.cached], direct: [before.direct, after.direct] };
}

function same({ cached, direct }: { readonly cached: Rows[]; readonly direct: Rows[] }): boolean {
  expect(cached).toEqual(direct);
  return true;
}

const changes: readonly (readonly [string, (table: string) => string])[] = [
  ["ADD COLUMN", (table) => `ALTER TABLE ${table} ADD COLUMN extra int DEFAULT 7`],
  [
    "ADD COLUMN and a rewrite",
    (table) => `ALTER TABLE ${table} ADD COLUMN extra timestamptz DEFAULT clock_timestamp()`,
  ],
  [
    "DROP of a column that is not read",
    (table) => `ALTER TABLE ${table} ADD COLUMN unread int; ALTER TABLE ${table} DROP COLUMN unread`,
  ],
  ["ALTER COLUMN TYPE", (table) => `ALTER TABLE ${table} ALTER COLUMN amount TYPE numeric(10,2) USING amount / 2.0`],
  [
    "RENAME of a column and a new one by the old name",
    (table) => `ALTER TABLE ${table} RENAME amount TO former; ALTER TABLE ${table} ADD amount int DEFAULT 1`,
  ],
  [
    "RENAME of the table and a new one by the old name",
    (table) =>
      `ALTER TABLE ${table} RENAME TO ${table}_old; CREATE TABLE ${table} (id int PRIMARY KEY, kind text, amount int); INSERT INTO ${table} VALUES (1, 'new', 9)`,
  ],
  [
    "DROP and CREATE of the table",
    (table) =>
      `DROP TABLE ${table}; CREATE TABLE ${table} (id int PRIMARY KEY, kind text, amount int); INSERT INTO ${table} VALUES (5, 'again', 2)`,
  ],
  ["TRUNCATE", (table) => `TRUNCATE ${table}`],
  ["a change of the replica identity", (table) => `ALTER TABLE ${table} REPLICA IDENTITY FULL`],
  [
    "a change of storage and a rewrite",
    (table) => `ALTER TABLE ${table} ALTER COLUMN kind SET STORAGE EXTERNAL; VACUUM FULL ${table}`,
  ],
];

test.each(changes)("%s", async (what, change) => {
  const table = `t_${changes.findIndex(([name]) => name === what)}`;
  const query = `SELECT kind, sum(amount) AS total FROM ${table} GROUP BY kind ORDER BY kind`;
  await makeTable(table);
  await proxied.rows(`CREATE CACHE ${table} FROM ${query}`);
  await cachedRows(proxied, query);
  for (const statement of change(table).split("; ")) await upstream.rows(statement);
  await expect(
    comesBack(query, `INSERT INTO ${table} (id, kind, amount) VALUES (1000, 'kind 1', 5)`),
  ).resolves.toSatisfy(same);
  await proxied.rows(`DROP CACHE ${table}`);
});

test("a table of the same name earlier in search_path", async () => {
  const query = "SELECT kind, sum(amount) AS total FROM t_path GROUP BY kind ORDER BY kind";
  await upstream.rows("CREATE SCHEMA early");
  await makeTable("public.t_path");
  for (const client of [upstream, proxied]) await client.rows("SET search_path = early, public");
  await proxied.rows(`CREATE CACHE path FROM ${query}`);
  expect(await cachedRows(proxied, query)).toHaveLength(3);
  await makeTable("early.t_path");
  await upstream.rows("DELETE FROM early.t_path WHERE id > 4");
  await expect(comesBack(query, "INSERT INTO t_path VALUES (1000, 'kind 2', 6)")).resolves.toSatisfy(same);
  await upstream.rows("DROP TABLE early.t_path");
  await expect(comesBack(query, "INSERT INTO t_path VALUES (1000, 'kind 2', 60)")).resolves.toSatisfy(same);
  for (const client of [upstream, proxied]) await client.rows("RESET search_path");
  await proxied.rows("DROP CACHE path");
});

test("DDL through the proxy, in a transaction with other statements", async () => {
  const query = "SELECT kind, sum(amount) AS total FROM t_proxied GROUP BY kind ORDER BY kind";
  await makeTable("t_proxied");
  await proxied.rows(`CREATE CACHE proxied FROM ${query}`);
  await proxied.rows("BEGIN");
  await proxied.rows("ALTER TABLE t_proxied ALTER COLUMN amount TYPE bigint");
  await proxied.rows("UPDATE t_proxied SET amount = 4294967296 WHERE id = 1");
  await proxied.rows("COMMIT");
  await expect(comesBack(query, "INSERT INTO t_proxied VALUES (1000, 'kind 2', 6)")).resolves.toSatisfy(same);
  await proxied.rows("DROP CACHE proxied");
});

test("values are added to an enum in use, and used at once", async () => {
  await upstream.rows(`
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE moods (id int PRIMARY KEY, mood mood);
    CREATE TABLE words (mood mood PRIMARY KEY, word text);
    INSERT INTO moods VALUES (1, 'sad'), (2, 'happy');
    INSERT INTO words VALUES ('sad', 'oh'), ('happy', 'ah');
  `);
  const counted = "SELECT mood, count(*) AS n FROM moods GROUP BY mood ORDER BY mood";
  const joined = "SELECT m.id, w.word FROM moods m JOIN words w ON w.mood = m.mood ORDER BY m.id";
  await proxied.rows(`CREATE CACHE counted FROM ${counted}`);
  await proxied.rows(`CREATE CACHE joined FROM ${joined}`);
  for (let round = 0; round < 4; round++) {
    // The engine may meet the new label before the schema has been compared.
    await upstream.rows(`ALTER TYPE mood ADD VALUE 'mood ${round}' BEFORE 'happy'`);
    await upstream.rows(
      `INSERT INTO words VALUES ('mood ${round}', 'hm'); INSERT INTO moods VALUES (${10 + round}, 'mood ${round}')`,
    );
    await neverWrong(joined);
    await expect(comesBack(counted, `INSERT INTO moods VALUES (${20 + round}, 'sad')`)).resolves.toSatisfy(same);
  }
  expect(await cachedRows(proxied, joined)).toEqual(await upstream.rows(joined));
  // Stored rows hold the old label: the tables are copied again, and the caches come back.
  await upstream.rows("ALTER TYPE mood RENAME VALUE 'happy' TO 'serene'");
  await neverWrong(counted);
  await neverWrong(joined);
  await expect(comesBack(counted, "INSERT INTO moods VALUES (30, 'serene')")).resolves.toSatisfy(same);
  await expect(comesBack(joined, "INSERT INTO moods VALUES (31, 'serene')")).resolves.toSatisfy(same);
  await upstream.rows("ALTER TYPE mood ADD VALUE 'meh' BEFORE 'serene'");
  await upstream.rows("INSERT INTO moods VALUES (32, 'meh')");
  await neverWrong(counted);
  await upstream.rows("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'");
  await expect(comesBack(counted, "INSERT INTO moods VALUES (33, 'blue')")).resolves.toSatisfy(same);
  await expect(comesBack(joined, "INSERT INTO moods VALUES (34, 'blue')")).resolves.toSatisfy(same);
});

test("DROP TABLE: the cache fails with the reason, and the same SELECT is PostgreSQL's business", async () => {
  await makeTable("t_gone");
  const query = "SELECT kind, sum(amount) AS total FROM t_gone GROUP BY kind ORDER BY kind";
  await proxied.rows(`CREATE CACHE gone FROM ${query}`);
  await upstream.rows("DROP TABLE t_gone");
  expect(await proxied.error(query)).toMatchObject({ code: "42P01", message: 'relation "t_gone" does not exist' });
  const cache = await until("the cache has failed", async () => {
    const found = await cacheNamed(proxied, "gone");
    return found?.["state"] === "failed" ? found : undefined;
  });
  expect(cache["reason"]).toContain('relation "t_gone" does not exist');
  // Once the statement has a meaning again, the cache is built anew by itself.
  await makeTable("t_gone");
  await expect(comesBack(query, "DELETE FROM t_gone WHERE id < 10")).resolves.toSatisfy(same);
});

test("DROP of a column that is read: the cache fails with the reason", async () => {
  await makeTable("t_column");
  const query = "SELECT kind, sum(amount) AS total FROM t_column GROUP BY kind ORDER BY kind";
  await proxied.rows(`CREATE CACHE columns FROM ${query}`);
  await upstream.rows("ALTER TABLE t_column DROP COLUMN amount");
  expect(await proxied.error(query)).toMatchObject({ code: "42703" });
  const cache = await until("the cache has failed", async () => {
    const found = await cacheNamed(proxied, "columns");
    return found?.["state"] === "failed" ? found : undefined;
  });
  expect(cache["reason"]).toContain("amount");
});
