import { now } from "@freshet/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Replicating } from "./replicating.ts";
import { barrier, cachedRows, cacheNamed, lastStatement, type TextClient, withText } from "./support.ts";

let running: Replicating;
let upstream: TextClient;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("invalidate_clock", {
    schema: "CREATE TABLE events (id int PRIMARY KEY, at timestamptz, local timestamp)",
  });
  ({ upstream, proxied } = running);
});

afterAll(() => running.stop());

/** How long rows go by. */
const SHOW_MS = 6_000;

/** Statements whose count only falls, or only rises, while no row changes. */
const STATEMENTS = [
  "SELECT count(*) FROM events WHERE at > now()",
  "SELECT count(*) FROM events WHERE at <= CURRENT_TIMESTAMP - interval '7 days'",
  "SELECT count(*) FROM events WHERE now() - at < interval '1 hour' AND id < 1000",
  "SELECT count(*) FROM events WHERE local >= LOCALTIMESTAMP",
];

test("an answer that hangs on the clock is right at each moment, and kept between them", async () => {
  for (const [index, statement] of STATEMENTS.entries()) {
    await proxied.rows(`CREATE CACHE timed_${index} FROM ${statement}`);
    expect(await cacheNamed(proxied, `timed_${index}`)).toMatchObject({ mode: "invalidate", state: "ready" });
  }
  const explained = await proxied.rows(`EXPLAIN CREATE CACHE FROM ${STATEMENTS[0]}`);
  expect(explained).toContainEqual(["expires", expect.stringContaining("public.events.at")]);
  // A row goes by every 200 ms.
  await upstream.rows(`
    INSERT INTO events SELECT i, now() + i * interval '200 ms', LOCALTIMESTAMP + i * interval '200 ms' FROM generate_series(1, 100) i;
    INSERT INTO events SELECT 200 + i, now() - interval '7 days' + i * interval '200 ms' FROM generate_series(1, 100) i;
    INSERT INTO events SELECT 400 + i, now() - interval '1 hour' + i * interval '200 ms' FROM generate_series(1, 100) i`);
  await barrier(upstream, proxied);
  const hits = STATEMENTS.map(() => 0);
  const seen = STATEMENTS.map(() => new Set<string | null>());
  for (const end = now() + SHOW_MS; now() < end;) {
    for (const [index, statement] of STATEMENTS.entries()) {
      const before = Number(await upstream.value(statement));
      const answer = await proxied.value(statement);
      const after = Number(await upstream.value(statement));
      expect(Number(answer)).toBeGreaterThanOrEqual(Math.min(before, after));
      expect(Number(answer)).toBeLessThanOrEqual(Math.max(before, after));
      seen[index]?.add(answer);
      if ((await lastStatement(proxied))["destination"] === "cache") hits[index] = (hits[index] ?? 0) + 1;
    }
  }
  for (const index of STATEMENTS.keys()) {
    expect(hits[index]).toBeGreaterThan(0);
    expect(seen[index]?.size).toBeGreaterThan(3);
  }
});

test("the time stands still in a transaction, which is left to the upstream", async () => {
  await upstream.rows("DELETE FROM events");
  const statement = "SELECT count(*) FROM events WHERE at > now()";
  await barrier(upstream, proxied);
  await cachedRows(proxied, statement);
  await proxied.rows("BEGIN");
  expect(await proxied.value(statement)).toBe("0");
  await proxied.rows("COMMIT");
  expect((await lastStatement(proxied))["destination"]).toBe("upstream");
});

test("sessions of other time zones have answers of their own", async () => {
  await upstream.rows(
    "DELETE FROM events; INSERT INTO events VALUES (1, NULL, (now() AT TIME ZONE 'UTC') + interval '1 hour')",
  );
  await barrier(upstream, proxied);
  const statement = STATEMENTS[3] ?? "";
  for (const [zone, count] of [
    ["UTC", "1"],
    ["Asia/Tokyo", "0"],
    ["America/New_York", "1"],
  ]) {
    await withText(running.freshet.connection, async (client) => {
      await client.rows(`SET TimeZone = '${zone}'`);
      expect(await cachedRows(client, statement)).toEqual([[count]]);
    });
  }
});
