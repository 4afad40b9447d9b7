import { must, SeededRandom } from "@freshet/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Replicating, untilReady } from "./replicating.ts";
import { barrier, cachedRows, cacheNamed, lastStatement, missReason, type TextClient } from "./support.ts";

let running: Replicating;
let upstream: TextClient;
let proxied: TextClient;

const CUSTOMERS = 120;

beforeAll(async () => {
  running = await Replicating.start("conditions", {
    schema: `
    CREATE TABLE customers (id int PRIMARY KEY, city text COLLATE "C");
    CREATE TABLE orders (id int PRIMARY KEY, customer int, name text COLLATE "C", total numeric, stock int, big int);
    INSERT INTO customers SELECT i, 'city ' || i % 7 FROM generate_series(1, ${CUSTOMERS}) i;
    INSERT INTO orders SELECT i, i % ${CUSTOMERS} + 1, chr(97 + i % 7) || '_' || i, i * 1.50, nullif(i % 9, 3), i FROM generate_series(1, 2400) i;
  `,
    flags: ["--read-scan-rows", "60"],
  });
  ({ upstream, proxied } = running);
  for (const [name, { text }] of Object.entries(CACHES))
    await proxied.rows(`CREATE CACHE ${name} WITH (mode = 'incremental', max_bytes = '8kB') FROM ${text}`);
});

afterAll(() => running.stop());

interface Conditioned {
  readonly text: string;
  /** Values of the parameters that are no keys. */
  readonly others: readonly (readonly unknown[])[];
  readonly keys: number;
}

const CACHES: Readonly<Record<string, Conditioned>> = {
  patterns: {
    text: "SELECT id, name FROM orders WHERE customer = $1 AND name LIKE $2 ORDER BY id",
    others: [["%"], ["b%"], ["%\\_1_%"], [null], ["nothing"]],
    keys: 1,
  },
  second_range: {
    text: "SELECT id, total, stock FROM orders WHERE customer = $1 AND total BETWEEN $2 AND $3 AND stock < $4 ORDER BY id",
    others: [
      ["0", "4000", 9],
      ["500", "2500.5", 5],
      ["9", "1", 9],
      [null, "1", 1],
    ],
    keys: 1,
  },
  joined: {
    text: `SELECT o.id, c.city FROM orders o JOIN customers c ON c.id = o.customer
      WHERE o.customer = $1 AND (o.stock = $2 OR c.city > $3) ORDER BY o.id DESC LIMIT $4`,
    others: [
      [1, "city 3", 100],
      [2, null, 3],
      [null, "city", 5],
    ],
    keys: 1,
  },
  listed: {
    text: "SELECT customer, id, stock FROM orders WHERE customer IN ($1, $2) AND stock IS DISTINCT FROM $3 ORDER BY id",
    others: [[null], [4]],
    keys: 2,
  },
};

async function agrees(random: SeededRandom, { text, others, keys }: Conditioned, hot: boolean): Promise<void> {
  const key = (): number => (hot ? random.integer(1, 4) : random.integer(1, CUSTOMERS + 3));
  const values = [...Array.from({ length: keys }, key), ...random.pick(others)];
  expect({ text, values, rows: await cachedRows(proxied, text, values) }).toEqual({
    text,
    values,
    rows: await upstream.rows(text, values),
  });
}

function randomChange(random: SeededRandom): string {
  const id = random.integer(1, 2400);
  const customer = random.integer(1, 6);
  return random.pick([
    `INSERT INTO orders VALUES ((SELECT max(id) + 1 FROM orders), ${customer}, 'b_new', ${id}, ${id % 9}, 1)`,
    `UPDATE orders SET customer = ${customer} WHERE id = ${id}`,
    `UPDATE orders SET name = 'b' || name, total = total + 1, stock = nullif(coalesce(stock, 1) + 1, 5) WHERE customer = ${customer} AND id % 5 = ${id % 5}`,
    `UPDATE customers SET city = 'city ' || ${id % 9} WHERE id = ${customer}`,
    `DELETE FROM orders WHERE customer = ${customer} AND id % 7 = ${id % 7}`,
    `BEGIN; UPDATE orders SET customer = customer + 1 WHERE customer = ${customer} AND id % 3 = 0; UPDATE orders SET stock = 0 WHERE id = ${id}; COMMIT`,
  ]);
}

async function status(name: string): Promise<number> {
  const rows = await proxied.rows("SHOW FRESHET STATUS");
  return Number(must(rows.find(([property]) => property === name))[1]);
}

async function rounds(seed: number, count: number): Promise<void> {
  const random = new SeededRandom(seed);
  for (let round = 0; round < count; round++) {
    await upstream.rows(randomChange(random));
    await barrier(upstream, proxied);
    for (const cache of Object.values(CACHES)) {
      await agrees(random, cache, true);
      await agrees(random, cache, false);
    }
  }
}

test(
  "conditions on parameters choose among the rows of keys that come, go and change",
  { timeout: 120_000 },
  async () => {
    await rounds(1, 40);
    expect(await status("keys_evicted")).toBeGreaterThan(20);
    for (const name of Object.keys(CACHES)) {
      const cache = must(await cacheNamed(proxied, name));
      expect(cache).toMatchObject({ mode: "incremental", state: "ready", max_bytes: "8192" });
      expect(Number(cache["bytes"])).toBeLessThanOrEqual(8192);
    }
  },
);

test("other values of a condition need no other rows of the key", async () => {
  const { text } = must(CACHES["patterns"]);
  await cachedRows(proxied, text, [90, "a%"]);
  const filled = await status("keys_filled");
  for (const pattern of ["b%", "%1%", "", null]) {
    expect(await proxied.rows(text, [90, pattern])).toEqual(await upstream.rows(text, [90, pattern]));
    expect(await lastStatement(proxied)).toMatchObject({ destination: "cache", reason: "hit" });
  }
  expect(await status("keys_filled")).toBe(filled);
});

test("a failing condition and too many rows to look at go upstream, of held keys as well", async () => {
  const text = "SELECT id FROM orders WHERE customer = $1 AND big * $2 > 7 ORDER BY id";
  await proxied.rows(`CREATE CACHE products WITH (mode = 'incremental', max_bytes = '64kB') FROM ${text}`);
  await upstream.rows(`INSERT INTO orders SELECT 10000 + i, 500, 'x', 1, 1, 2 FROM generate_series(1, 50) i`);
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, text, [500, 4])).toEqual(await upstream.rows(text, [500, 4]));
  await upstream.rows("UPDATE orders SET big = 2000000000 WHERE id = 10001");
  await barrier(upstream, proxied);
  await expect(proxied.rows(text, [500, 4])).rejects.toThrow("integer out of range");
  expect(await missReason(proxied, text, [500, 1])).toBe("hit");
  await upstream.rows(`INSERT INTO orders SELECT 11000 + i, 500, 'x', 1, 1, 2 FROM generate_series(1, 20) i`);
  await barrier(upstream, proxied);
  expect(await missReason(proxied, text, [500, 1])).toBe("result_too_large");
  await proxied.rows("DROP CACHE products");
});

test("held keys keep what the conditions need over a restart", { timeout: 60_000 }, async () => {
  await proxied.end();
  await running.freshet.kill();
  await upstream.rows("UPDATE orders SET name = 'c' || name, stock = id % 4 WHERE customer <= 4");
  await running.launch();
  ({ proxied } = running);
  await untilReady(running.freshet);
  await barrier(upstream, proxied);
  await rounds(2, 8);
  expect(await cacheNamed(proxied, "patterns")).toMatchObject({ mode: "incremental", state: "ready" });
});
