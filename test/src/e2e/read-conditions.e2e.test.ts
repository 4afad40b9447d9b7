import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { adminStatus, barrier, cachedRows, missReason, TextClient, until } from "../faults/support.ts";

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;
let proxied: TextClient;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows(`
    CREATE TABLE items (id int PRIMARY KEY, kind int, name text COLLATE "C", price numeric, stock int, big int);
    INSERT INTO items SELECT i, i % 4, chr(97 + i % 7) || '_' || i, i * 1.5, nullif(i % 9, 3), i FROM generate_series(1, 200) i;
    UPDATE items SET big = 2000000000 WHERE id = 2;
    CREATE TABLE notes (id int PRIMARY KEY, item int, body text);
    INSERT INTO notes SELECT i, i * 2, 'note ' || i FROM generate_series(1, 90) i;
  `);
  freshet = await FreshetProcess.start({ upstream: server, instance: "reads", flags: ["--read-scan-rows", "120"] });
  await until("replication runs", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 200 ? true : undefined,
  );
  proxied = await TextClient.connect(freshet.connection);
});

afterAll(async () => {
  await proxied.end();
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

const QUERIES: readonly (readonly [text: string, values: readonly (readonly unknown[])[]])[] = [
  [
    "SELECT id FROM items WHERE kind = $1 AND name LIKE $2 ORDER BY id",
    [
      [1, "b%"],
      [1, "%\\_1_"],
      [2, null],
      [9, "%"],
    ],
  ],
  [
    "SELECT id, name FROM items WHERE kind = $1 AND name ~ $2 ORDER BY name",
    [
      [1, "^[ab]"],
      [3, "5$"],
    ],
  ],
  [
    "SELECT id FROM items WHERE kind = $1 AND price * $2 > 100 ORDER BY id",
    [
      [1, "2"],
      [1, "0.5"],
      [0, "-1"],
    ],
  ],
  [
    "SELECT id FROM items WHERE kind = $1 AND (stock = $2 OR id < $3) ORDER BY id",
    [
      [1, 2, 30],
      [2, null, 50],
    ],
  ],
  [
    "SELECT id FROM items WHERE kind = $1 AND price > $2 AND stock < $3 ORDER BY id",
    [
      [1, "50", 5],
      [2, "0", 1],
    ],
  ],
  [
    "SELECT id FROM items WHERE kind = $1 AND stock <> $2 ORDER BY price DESC LIMIT $3 OFFSET 1",
    [
      [1, 2, 4],
      [3, 0, 2],
    ],
  ],
  [
    "SELECT id FROM items WHERE kind IN ($1, $2) AND stock IS DISTINCT FROM $3 ORDER BY id DESC",
    [
      [1, 2, 5],
      [0, 0, null],
    ],
  ],
  [
    "SELECT id FROM items WHERE id BETWEEN $1 AND $2 AND stock > $3 ORDER BY id",
    [
      [1, 90, 4],
      [50, 60, 2],
    ],
  ],
  [
    "SELECT i.id, n.body FROM items i JOIN notes n ON n.item = i.id WHERE i.kind = $1 AND (n.id > $2 OR i.stock = $3) ORDER BY i.id",
    [
      [0, 50, 2],
      [2, 80, null],
    ],
  ],
  [
    "SELECT price FROM items WHERE kind = $1 AND lower(name) > $2 AND upper(name) < $3 ORDER BY price",
    [
      [1, "a", "C"],
      [2, "c", "Z"],
    ],
  ],
];

test.each(QUERIES)("%s", async (text, calls) => {
  await proxied.rows(`CREATE CACHE WITH (mode = 'incremental') FROM ${text}`);
  const agree = async (): Promise<void> => {
    await barrier(upstream, proxied);
    for (const values of calls) {
      expect(await cachedRows(proxied, text, values)).toEqual(await upstream.rows(text, values));
    }
  };
  await agree();
  await upstream.rows("UPDATE items SET stock = stock + 1, name = 'b' || name, kind = 1 WHERE id % 10 = 2");
  await agree();
  await upstream.rows("DELETE FROM items WHERE id % 10 = 3");
  await agree();
});

test("what fails, and what would look at too many rows, goes upstream", async () => {
  const text = "SELECT id FROM items WHERE kind = $1 AND big * $2 > 7";
  await proxied.rows(`CREATE CACHE products FROM ${text}`);
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, text, [3, 5])).toEqual(await upstream.rows(text, [3, 5]));
  await upstream.rows("UPDATE items SET kind = 3 WHERE id = 2");
  await barrier(upstream, proxied);
  await expect(proxied.rows(text, [3, 5])).rejects.toThrow("integer out of range");
  expect(await missReason(proxied, text, [3, 1])).toBe("hit");
  await upstream.rows("UPDATE items SET kind = 7");
  await barrier(upstream, proxied);
  expect(await missReason(proxied, text, [7, 1])).toBe("result_too_large");
});

test("EXPLAIN CREATE CACHE tells of each parameter how it is served, and why not", async () => {
  const explain = async (text: string): Promise<string> =>
    JSON.stringify(await proxied.rows(`EXPLAIN CREATE CACHE FROM ${text}`));
  const served = await explain("SELECT id FROM items WHERE kind = $1 AND name LIKE $2");
  expect(served).toContain("1: int4, key of the view");
  expect(served).toContain("2: text, condition on the rows of the key, looked at when they are read");
  // PostgreSQL would look at the pattern first, in rows of any kind.
  expect(await explain("SELECT id FROM items WHERE name LIKE $2 AND kind = $1")).toContain("invalidate");
  expect(await explain("SELECT id FROM items WHERE name <> $1")).toContain("invalidate");
  expect(await explain("SELECT count(*) FROM items WHERE kind = $1 AND name <> $2")).toContain("invalidate");
});
