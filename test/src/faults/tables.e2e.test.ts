import { afterAll, beforeAll, expect, test } from "vitest";
import { Replicating } from "./replicating.ts";
import { barrier, cachedRows } from "./support.ts";
import type { Rows, TextClient } from "./support.ts";

let running: Replicating;
let upstream: TextClient;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("partitions");
  ({ upstream, proxied } = running);
});

afterAll(() => running.stop());

/** Runs the statements upstream one by one; after each, what the cache answers is the upstream's answer. */
async function checkFollowed(query: string, statements: readonly string[]): Promise<void> {
  await proxied.rows(`CREATE CACHE followed FROM ${query}`);
  for (const statement of statements) {
    await upstream.rows(statement);
    await barrier(upstream, proxied);
    const after = (rows: Rows): object => ({ statement, rows });
    expect(after(await proxied.rows(query))).toEqual(after(await upstream.rows(query)));
    expect(after(await cachedRows(proxied, query))).toEqual(after(await upstream.rows(query)));
  }
  await proxied.rows("DROP CACHE followed");
}

test("a partitioned table is followed through all that is done to its partitions", async () => {
  await upstream.rows(`
    CREATE TABLE logs (id int, day int, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (10);
    CREATE TABLE logs_2 (gone int, note text, day int NOT NULL, id int NOT NULL);
    ALTER TABLE logs_2 DROP COLUMN gone;
    ALTER TABLE logs ATTACH PARTITION logs_2 FOR VALUES FROM (10) TO (20);
    INSERT INTO logs SELECT i, i % 20, 'note ' || i FROM generate_series(1, 60) i;
  `);
  await checkFollowed("SELECT day, count(*), max(id) FROM logs GROUP BY day ORDER BY day", [
    "UPDATE logs SET day = day + 9 WHERE day < 4",
    "UPDATE logs SET note = 'x' WHERE id = 30",
    "TRUNCATE logs_1",
    "INSERT INTO logs_1 VALUES (1000, 3, 'direct')",
    "CREATE TABLE logs_3 PARTITION OF logs FOR VALUES FROM (20) TO (30)",
    "INSERT INTO logs VALUES (2000, 25, 'new partition')",
    "ALTER TABLE logs DETACH PARTITION logs_2",
    "INSERT INTO logs_2 (id, day, note) VALUES (3000, 12, 'detached')",
    "ALTER TABLE logs ATTACH PARTITION logs_2 FOR VALUES FROM (10) TO (20)",
    "CREATE TABLE logs_rest PARTITION OF logs DEFAULT PARTITION BY HASH (id)",
    "CREATE TABLE logs_rest_0 PARTITION OF logs_rest FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
    "INSERT INTO logs VALUES (4000, 99, 'default')",
    "DROP TABLE logs_3",
    "ALTER TABLE logs ADD COLUMN extra int DEFAULT 4",
    "DELETE FROM logs WHERE id % 3 = 0",
    "TRUNCATE logs",
  ]);
});

test("a partitioned table may have no partition yet; each row tells its partition", async () => {
  await upstream.rows("CREATE TABLE growing (id int) PARTITION BY LIST (id)");
  await checkFollowed("SELECT count(*), sum(id) FROM growing", [
    "ANALYZE growing",
    "CREATE TABLE growing_1 PARTITION OF growing (PRIMARY KEY (id)) FOR VALUES IN (1, 2)",
    "INSERT INTO growing VALUES (1), (2)",
    "DROP TABLE growing_1",
  ]);
  await checkFollowed("SELECT tableoid, id FROM growing ORDER BY id", [
    "CREATE TABLE growing_2 PARTITION OF growing (PRIMARY KEY (id)) FOR VALUES IN (3); INSERT INTO growing VALUES (3)",
    "CREATE TABLE growing_3 PARTITION OF growing (PRIMARY KEY (id)) DEFAULT; INSERT INTO growing VALUES (30), (40)",
    "UPDATE growing SET id = 5 WHERE id = 3",
    "DELETE FROM growing_3 WHERE id = 40",
  ]);
});

test("a table is followed with those that inherit from it", async () => {
  await upstream.rows(`
    CREATE TABLE places (id int PRIMARY KEY, name text);
    CREATE TABLE towns (people int, PRIMARY KEY (id)) INHERITS (places);
    INSERT INTO places VALUES (1, 'lake'); INSERT INTO towns VALUES (2, 'village', 80);
  `);
  await checkFollowed("SELECT id, name FROM places ORDER BY id, name", [
    "UPDATE places SET name = name || '!'",
    "INSERT INTO towns VALUES (1, 'same key', 5)",
    "CREATE TABLE capitals (PRIMARY KEY (id)) INHERITS (towns)",
    "INSERT INTO capitals VALUES (7, 'capital', 900)",
    "ALTER TABLE towns NO INHERIT places",
    "UPDATE places SET name = 'own'",
    "TRUNCATE ONLY places",
  ]);
});

test("generated columns are computed, and follow a change of their table", async () => {
  const isVirtual = Number(await upstream.value("SHOW server_version_num")) >= 180000;
  await upstream.rows(`
    CREATE TABLE lines (id int PRIMARY KEY, price numeric, amount int, total numeric GENERATED ALWAYS AS (price * amount) STORED,
      twice int GENERATED ALWAYS AS (amount * 2) ${isVirtual ? "VIRTUAL" : "STORED"});
    INSERT INTO lines VALUES (1, 2.50, 4), (2, 1.10, 3), (3, NULL, 2);
  `);
  await checkFollowed("SELECT id, total, twice FROM lines WHERE total > 3 ORDER BY id", [
    "UPDATE lines SET amount = 10 WHERE id = 2",
    "INSERT INTO lines VALUES (4, 0.5, 100)",
    "ALTER TABLE lines DROP COLUMN total, ADD COLUMN total numeric GENERATED ALWAYS AS (price + amount) STORED",
    "UPDATE lines SET price = price + 1",
    "DELETE FROM lines WHERE id = 1",
  ]);
});

test("a table in another schema, renamed and moved, with odd names and dropped columns", async () => {
  await upstream.rows(`
    CREATE SCHEMA "Odd ""Schema";
    CREATE TABLE "Odd ""Schema"."Table 1" (dropped int, "Id" int PRIMARY KEY, gone text, "sélect" text, "a\\b" int);
    ALTER TABLE "Odd ""Schema"."Table 1" DROP COLUMN dropped, DROP COLUMN gone;
    INSERT INTO "Odd ""Schema"."Table 1" VALUES (1, 'x', 2), (2, 'y', 3);
  `);
  await checkFollowed(
    'SELECT "sélect", sum("a\\b") AS "Sum" FROM "Odd ""Schema"."Table 1" GROUP BY 1 ORDER BY "sélect" COLLATE "C"',
    [
      `UPDATE "Odd ""Schema"."Table 1" SET "sélect" = 'z' WHERE "Id" = 2`,
      `ALTER TABLE "Odd ""Schema"."Table 1" DROP COLUMN "Id", ADD COLUMN "Id" int;
       ALTER TABLE "Odd ""Schema"."Table 1" REPLICA IDENTITY FULL`,
      `INSERT INTO "Odd ""Schema"."Table 1" VALUES ('z', 9), ('z', 9)`,
      `DELETE FROM "Odd ""Schema"."Table 1" WHERE "sélect" = 'x'`,
    ],
  );
  await upstream.rows(`CREATE SCHEMA plain; ALTER TABLE "Odd ""Schema"."Table 1" SET SCHEMA plain`);
  await upstream.rows('ALTER TABLE plain."Table 1" RENAME TO moved');
  await checkFollowed('SELECT "sélect", "a\\b" FROM plain.moved ORDER BY "a\\b", "sélect"', [
    `INSERT INTO plain.moved VALUES ('again', 1)`,
    "ALTER TABLE plain.moved RENAME TO away; CREATE VIEW plain.moved AS SELECT * FROM plain.away WHERE true",
    `INSERT INTO plain.moved VALUES ('through the view', 1)`,
  ]);
});

test("a table of hundreds of columns", async () => {
  const columns = Array.from({ length: 800 }, (_, index) => `c${index}`);
  await upstream.rows(`CREATE TABLE broad (id int PRIMARY KEY, ${columns.map((name) => `${name} int`).join(", ")})`);
  await upstream.rows("INSERT INTO broad (id, c0, c799) SELECT i, i, -i FROM generate_series(1, 5) i");
  await checkFollowed("SELECT * FROM broad ORDER BY id", [
    "UPDATE broad SET c400 = id",
    "UPDATE broad SET id = id + 10 WHERE c799 < -2",
    "DELETE FROM broad WHERE id = 1",
  ]);
});
