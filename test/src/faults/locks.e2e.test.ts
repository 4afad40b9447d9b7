import { afterAll, beforeAll, expect, test } from "vitest";
import { Replicating } from "./replicating.ts";
import { barrier, cachedRows, cachesReady, type TextClient, until, withText } from "./support.ts";

const QUERY = "SELECT part, count(*) FROM events GROUP BY part ORDER BY part";

let running: Replicating;
let upstream: TextClient;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("locks", {
    schema: `
    CREATE TABLE events (id int, part int, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
    CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2);
    INSERT INTO events SELECT i, 1 + i % 2 FROM generate_series(1, 100) i;
  `,
  });
  ({ upstream, proxied } = running);
});

afterAll(() => running.stop());

/** Waits until one of Freshet's sessions waits for a lock. */
async function waitsForLock(): Promise<void> {
  await until("Freshet waits for a lock", async () => {
    const waiting = await upstream.value(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'freshet%' AND wait_event_type = 'Lock'",
    );
    return waiting === "0" ? undefined : true;
  });
}

test("where the application and Freshet wait for each other's locks, it is Freshet that gives up", async () => {
  await withText(running.server, async (application) => {
    await application.rows("BEGIN; LOCK TABLE events_2 IN ACCESS EXCLUSIVE MODE");
    const created = proxied.rows(`CREATE CACHE by_part FROM ${QUERY}`);
    created.catch(() => undefined);
    await waitsForLock();
    // Freshet holds what is before in the order of partitions; a deadlock would end this transaction.
    await application.rows("LOCK TABLE events_1 IN ACCESS EXCLUSIVE MODE; TRUNCATE events_1; COMMIT");
    await created;
  });
  await cachesReady(proxied);
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, QUERY)).toEqual([["2", "50"]]);
});

test("a cache goes on through a change of the schema that is compared while its tables are locked", async () => {
  await withText(running.server, async (application) => {
    await application.rows("BEGIN; LOCK TABLE events_2 IN ACCESS EXCLUSIVE MODE");
    await proxied.rows("CREATE TABLE another (id int PRIMARY KEY)");
    await waitsForLock();
    await application.rows("LOCK TABLE events_1 IN ACCESS EXCLUSIVE MODE; INSERT INTO events VALUES (7, 1); COMMIT");
  });
  await cachesReady(proxied);
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, QUERY)).toEqual(await upstream.rows(QUERY));
});
