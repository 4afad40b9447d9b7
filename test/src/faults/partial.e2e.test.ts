import { must } from "@freshet/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Replicating, untilReady } from "./replicating.ts";
import { barrier, cachedRows, cacheNamed, lastStatement, type TextClient, until } from "./support.ts";

let running: Replicating;
let upstream: TextClient;
let proxied: TextClient;

const MAX_BYTES = 16_384;
const QUERY = `SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer
  WHERE o.customer = $1 ORDER BY o.id`;

beforeAll(async () => {
  running = await Replicating.start("partial", {
    schema: `
    CREATE TABLE customers (id int PRIMARY KEY, name text);
    CREATE TABLE orders (id int PRIMARY KEY, customer int, total numeric);
    INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(1, 400) i;
    INSERT INTO orders SELECT i, i % 400 + 1, i * 1.50 FROM generate_series(1, 4000) i;
  `,
  });
  ({ upstream, proxied } = running);
  await proxied.rows(`CREATE CACHE by_customer WITH (max_bytes = '16kB') FROM ${QUERY}`);
});

afterAll(() => running.stop());

async function agrees(values: readonly unknown[]): Promise<void> {
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, QUERY, values)).toEqual(await upstream.rows(QUERY, values));
}

async function status(name: string): Promise<number> {
  const rows = await proxied.rows("SHOW FRESHET STATUS");
  return Number(must(rows.find(([property]) => property === name))[1]);
}

test("keys come in when they are asked for, and follow every change from then on", async () => {
  expect(await cacheNamed(proxied, "by_customer")).toMatchObject({
    mode: "incremental",
    state: "ready",
    rows: "0",
    bytes: "0",
    max_bytes: String(MAX_BYTES),
  });
  await proxied.rows(QUERY, [7]);
  expect(await lastStatement(proxied)).toMatchObject({ destination: "upstream", reason: "not_filled" });
  await agrees([7]);
  for (const change of [
    "INSERT INTO orders VALUES (9001, 7, 1)",
    "UPDATE orders SET customer = 8 WHERE id = 9001",
    "UPDATE orders SET customer = 7, total = 2 WHERE id = 9001",
    "UPDATE customers SET name = 'seven' WHERE id = 7",
    "DELETE FROM orders WHERE id = 9001",
  ]) {
    await upstream.rows(change);
    await barrier(upstream, proxied);
    expect(await proxied.rows(QUERY, [7])).toEqual(await upstream.rows(QUERY, [7]));
    expect(await lastStatement(proxied)).toMatchObject({ destination: "cache", reason: "hit" });
  }
});

test("a key without rows is kept, too, and shows the first row that comes", async () => {
  await agrees([100_000]);
  await upstream.rows("INSERT INTO customers VALUES (100000, 'new'); INSERT INTO orders VALUES (9002, 100000, 3)");
  await agrees([100_000]);
  expect(await proxied.rows(QUERY, [100_000])).toHaveLength(1);
});

test("the least used keys go when the bound is reached; what is read all the time stays", async () => {
  for (let customer = 1; customer <= 150; customer++) {
    await cachedRows(proxied, QUERY, [customer]);
    await cachedRows(proxied, QUERY, [7]);
  }
  const bytes = Number(must(await cacheNamed(proxied, "by_customer"))["bytes"]);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  expect(bytes).toBeGreaterThan(MAX_BYTES / 2);
  expect(await status("keys_evicted")).toBeGreaterThan(50);
  await agrees([150]);
  await agrees([1]);
});

test("kept keys survive a restart", async () => {
  await agrees([42]);
  await proxied.end();
  await running.freshet.kill();
  await upstream.rows("UPDATE orders SET total = total + 1 WHERE customer = 42");
  await running.launch();
  ({ proxied } = running);
  await untilReady(running.freshet);
  await barrier(upstream, proxied);
  expect(await status("keys_filled")).toBe(0);
  await agrees([42]);
  expect(await status("keys_filled")).toBe(0);
});

test("a list of keys is a hit when all of them are there", async () => {
  const query = "SELECT id, name FROM customers WHERE id IN ($1, $2, $3) ORDER BY id";
  await proxied.rows(`CREATE CACHE some WITH (max_bytes = '8kB') FROM ${query}`);
  await cachedRows(proxied, query, [1, 2, 3]);
  await proxied.rows(query, [1, 2, 4]);
  expect(await lastStatement(proxied)).toMatchObject({ reason: "not_filled" });
  expect(await cachedRows(proxied, query, [1, 2, 4])).toEqual(await upstream.rows(query, [1, 2, 4]));
  await proxied.rows("DROP CACHE some");
});

test("an answer beyond the bound is left to the upstream", async () => {
  await proxied.rows("ALTER TABLE orders ADD COLUMN open boolean NOT NULL DEFAULT true");
  const open = "SELECT id, total FROM orders WHERE open = $1";
  await proxied.rows(`CREATE CACHE open WITH (mode = 'incremental', max_bytes = '4kB') FROM ${open}`);
  await until("a key without rows is kept", async () => {
    await proxied.rows(open, [false]);
    return (await lastStatement(proxied))["destination"] === "cache" ? true : undefined;
  });
  expect(await proxied.rows(open, [true])).toHaveLength((await upstream.rows(open, [true])).length);
  await until("it is known to be too large", async () => {
    await proxied.rows(open, [true]);
    return (await lastStatement(proxied))["reason"] === "result_too_large" ? true : undefined;
  });
  await proxied.rows("DROP CACHE open");
});

test("what cannot be kept in part is refused, or kept in mode invalidate", async () => {
  const counted = "SELECT count(*) FROM orders";
  const refused = await proxied.error(`CREATE CACHE c WITH (mode = 'incremental', max_bytes = '4kB') FROM ${counted}`);
  expect(refused.code).toBe("0A000");
  expect(refused.message).toContain("no parameter is compared by equality");
  const ranked = "SELECT id, rank() OVER (PARTITION BY customer ORDER BY total) FROM orders WHERE customer = $1";
  await proxied.rows(`CREATE CACHE ranked WITH (max_bytes = '4kB') FROM ${ranked}`);
  expect(await cacheNamed(proxied, "ranked")).toMatchObject({
    mode: "invalidate",
    reason: expect.stringContaining("rows behind window functions are not looked up one by one"),
  });
  await proxied.rows("DROP CACHE ranked");
  const both = await proxied.error(`CREATE CACHE c WITH (write_to = 'public.w', max_bytes = '4kB') FROM ${counted}`);
  expect(both.code).toBe("22023");
  const explained = await proxied.rows(`EXPLAIN CREATE CACHE WITH (max_bytes = '4kB') FROM ${QUERY}`);
  expect(explained).toContainEqual(["kept", "keys that were asked for, up to 4096 bytes"]);
});
