import { afterAll, beforeAll, expect, test } from "vitest";
import { Replicating } from "../faults/replicating.ts";
import { barrier, cachedRows, cacheNamed, lastStatement, type TextClient } from "../faults/support.ts";

let running: Replicating;
let upstream: TextClient;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("having", {
    schema: `
    CREATE TABLE orders (id int PRIMARY KEY, customer int, region text COLLATE "C", qty int, total numeric, share float8);
    INSERT INTO orders SELECT i, i % 20, chr(97 + i % 7), nullif(i % 9, 3), (i % 50) * 1.50, (i % 8) / 4.0 FROM generate_series(1, 400) i;
  `,
  });
  ({ upstream, proxied } = running);
});

afterAll(() => running.stop());

const QUERIES: readonly (readonly [text: string, values: readonly (readonly unknown[])[]])[] = [
  [
    "SELECT region, count(*) FROM orders GROUP BY region HAVING count(*) > $1 ORDER BY region",
    [[0], [56], [57], [1000], [null]],
  ],
  [
    "SELECT region FROM orders GROUP BY region HAVING $1 >= sum(total) ORDER BY 1 DESC LIMIT $2",
    [
      ["1400.0", 3],
      ["0", 1],
    ],
  ],
  ["SELECT customer, avg(qty) FROM orders GROUP BY customer HAVING sum(qty) = $1 ORDER BY 1", [[80], [83], [null]]],
  [
    "SELECT region, max(qty) FROM orders GROUP BY region HAVING avg(total) BETWEEN $1 AND $2 ORDER BY 1",
    [
      ["30", "36.75"],
      ["9", "1"],
    ],
  ],
  [
    "SELECT region, count(*) FROM orders WHERE customer = $1 GROUP BY region HAVING count(*) >= $2 AND sum(qty) < $3 ORDER BY region",
    [
      [3, 2, 14],
      [5, 1, 9],
      [99, 0, 1],
      [4, null, 1],
    ],
  ],
  [
    "SELECT customer, region, count(*) FROM orders WHERE customer > $1 GROUP BY customer, region HAVING count(*) <> $2 ORDER BY 1, 2",
    [
      [10, 3],
      [18, null],
    ],
  ],
  [
    "SELECT region, sum(share) FROM orders GROUP BY region HAVING region = $1 AND (count(*) > $2 OR max(total) = $3)",
    [
      ["b", 3, "1"],
      ["c", 1000, "73.5"],
      ["z", 1, "1"],
    ],
  ],
  ["SELECT count(*), sum(qty) FROM orders HAVING count(*) > $1", [[3], [5000]]],
  [
    "SELECT region, count(*) FROM orders GROUP BY region HAVING count(*) > 50 AND min(id) < $1 ORDER BY region",
    [[4], [1]],
  ],
];

const CHANGES: readonly string[] = [
  "SELECT 1",
  "UPDATE orders SET qty = qty + 1, region = 'b', total = total + 0.25 WHERE id % 10 = 2",
  "DELETE FROM orders WHERE id % 10 = 3 OR region = 'd'",
  "INSERT INTO orders SELECT 1000 + i, i % 5, 'z', i, 1, 0.5 FROM generate_series(1, 60) i",
  "DELETE FROM orders WHERE id > 1000 AND qty < 57",
];

test.each(QUERIES)("%s", async (text, calls) => {
  await proxied.rows(`CREATE CACHE WITH (mode = 'incremental') FROM ${text}`);
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, text, calls[0])).toEqual(await upstream.rows(text, calls[0]));
});

test.each(CHANGES)("the answers after: %s", async (change) => {
  await upstream.rows(change);
  await barrier(upstream, proxied);
  for (const [text, calls] of QUERIES) {
    for (const values of calls)
      expect({ text, values, rows: await cachedRows(proxied, text, values) }).toEqual({
        text,
        values,
        rows: await upstream.rows(text, values),
      });
  }
});

test("a sum that overflows goes upstream while it does", async () => {
  const text =
    "SELECT customer FROM orders WHERE region = $1 GROUP BY customer HAVING sum(id::int8 * 4611686018427387) > $2 ORDER BY 1";
  await proxied.rows(`CREATE CACHE overflowing WITH (mode = 'incremental') FROM ${text}`);
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, text, ["z", "5"])).toEqual(await upstream.rows(text, ["z", "5"]));
  await upstream.rows("INSERT INTO orders VALUES (50000, 1, 'y', 1, 1, 1)");
  await barrier(upstream, proxied);
  await expect(proxied.rows(text, ["y", "5"])).rejects.toThrow("bigint out of range");
  expect(await lastStatement(proxied)).toMatchObject({ destination: "upstream" });
  await upstream.rows("DELETE FROM orders WHERE id = 50000");
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, text, ["y", "5"])).toEqual([]);
});

test("EXPLAIN CREATE CACHE tells how a parameter of HAVING is served, and why not", async () => {
  const explain = async (text: string): Promise<string> =>
    JSON.stringify(await proxied.rows(`EXPLAIN CREATE CACHE FROM ${text}`));
  const counted = await explain("SELECT region FROM orders GROUP BY region HAVING count(*) > $1");
  expect(counted).toContain("incremental");
  expect(counted).toContain("1: int8, ");
  expect(await explain("SELECT region FROM orders GROUP BY region HAVING count(*) <> $1")).toContain(
    "neither is another one",
  );
  expect(await explain("SELECT region FROM orders GROUP BY region HAVING 10 / count(*) > $1")).toContain("may fail");
  expect(await explain("SELECT DISTINCT count(*) FROM orders GROUP BY region HAVING count(*) > $1")).toContain(
    "rows are made of the groups behind it",
  );
  expect(await explain("SELECT region FROM orders GROUP BY ROLLUP (region) HAVING count(*) > $1")).toContain(
    "several grouping sets",
  );
  expect(await explain("SELECT count(*) FROM orders WHERE id = any($1)")).toContain(
    "the aggregation would have to merge",
  );
  expect(await explain("SELECT DISTINCT region FROM orders WHERE qty < $1")).toContain("DISTINCT would have to merge");
  expect(await explain("SELECT $1::int AS tag, region FROM orders WHERE id = $2")).toContain(
    "parameter $1 stands outside the conditions of the outermost WHERE clause",
  );
});

test("a literal in HAVING stays part of the plan: other groups are not kept", async () => {
  await proxied.rows(
    "CREATE CACHE large FROM SELECT customer, count(*) FROM orders GROUP BY customer HAVING count(*) > 1000",
  );
  await barrier(upstream, proxied);
  expect(await cacheNamed(proxied, "large")).toMatchObject({ mode: "incremental", rows: "0" });
});
