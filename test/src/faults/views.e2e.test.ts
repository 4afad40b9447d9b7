import { afterAll, beforeAll, expect, test } from "vitest";
import type { FreshetProcess } from "../harness/freshet-process.ts";
import { Replicating } from "./replicating.ts";
import { barrier, cachedRows, cacheNamed, TextClient, until } from "./support.ts";

let running: Replicating;
let upstream: TextClient;
let freshet: FreshetProcess;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("views");
  ({ upstream, freshet, proxied } = running);
});

afterAll(() => running.stop());

test("a cache over a view follows the view's tables, and the view itself", async () => {
  await upstream.rows(`
    CREATE TABLE sales (id int PRIMARY KEY, region text, amount int);
    INSERT INTO sales SELECT i, 'region ' || i % 3, i FROM generate_series(1, 30) i;
    CREATE VIEW large AS SELECT region, amount FROM sales WHERE amount > 10;
    CREATE VIEW totals (area, total) AS SELECT region, sum(amount) FROM large GROUP BY region;
  `);
  const query = "SELECT area, total FROM totals ORDER BY area";
  const agrees = async (): Promise<void> => {
    await barrier(upstream, proxied);
    expect(await proxied.rows(query)).toEqual(await upstream.rows(query));
    expect(await cachedRows(proxied, query)).toEqual(await upstream.rows(query));
  };
  await proxied.rows(`CREATE CACHE totals FROM ${query}`);
  await agrees();
  await upstream.rows("UPDATE sales SET amount = amount + 5 WHERE id < 12");
  await agrees();
  await upstream.rows("CREATE OR REPLACE VIEW large AS SELECT region, amount FROM sales WHERE amount > 20");
  await agrees();
  await upstream.rows("DELETE FROM sales WHERE id = 30");
  await agrees();
  await upstream.rows("ALTER VIEW totals RENAME COLUMN total TO sum; ALTER VIEW totals RENAME COLUMN sum TO total");
  await agrees();
  await upstream.rows("DROP VIEW totals");
  await barrier(upstream, proxied);
  expect(await proxied.error(query)).toMatchObject({ code: "42P01" });
  const cache = await until("the cache has failed", async () => {
    const found = await cacheNamed(proxied, "totals");
    return found?.["state"] === "failed" ? found : undefined;
  });
  expect(cache["reason"]).toContain('relation "totals" does not exist');
  await upstream.rows("CREATE VIEW totals (area, total) AS SELECT region, count(*) FROM large GROUP BY region");
  await agrees();
});

test("who may read the view is answered, whoever may read its tables", async () => {
  await upstream.rows(`
    CREATE TABLE salaries (id int PRIMARY KEY, boss int, pay int);
    INSERT INTO salaries VALUES (1, 1, 100), (2, 1, 50);
    CREATE VIEW staff AS SELECT id FROM salaries WHERE boss = 1;
    CREATE ROLE clerk LOGIN PASSWORD 'clerk';
    GRANT SELECT ON staff TO clerk;
  `);
  const query = "SELECT id FROM staff ORDER BY id";
  await proxied.rows(`CREATE CACHE staff FROM ${query}`);
  const clerk = await TextClient.connect({ ...freshet.connection, user: "clerk", password: "clerk" });
  try {
    expect(await cachedRows(clerk, query)).toEqual(await upstream.rows(query));
    // Through the view the owner's rights count, also where the tables are closed to the reader.
    expect(await clerk.error("SELECT id FROM salaries")).toMatchObject({ code: "42501" });
    // Making and dropping caches is for those who own the tables.
    expect(await clerk.error(`CREATE CACHE theirs FROM ${query}`)).toMatchObject({
      code: "42501",
      message: 'role "clerk" may not create this cache',
    });
    expect(await clerk.error("DROP CACHE staff")).toMatchObject({ code: "42501" });
    await upstream.rows("ALTER VIEW staff SET (security_invoker = true)");
    await barrier(upstream, proxied);
    expect(await clerk.error(query)).toMatchObject({ code: "42501" });
    await upstream.rows("GRANT SELECT (id, boss) ON salaries TO clerk");
    expect(await until("the grant is seen", async () => cachedRows(clerk, query))).toEqual(await upstream.rows(query));
  } finally {
    await clerk.end();
    await proxied.rows("DROP CACHE staff");
    await upstream.rows("DROP VIEW staff; DROP TABLE salaries; DROP ROLE clerk");
  }
});
