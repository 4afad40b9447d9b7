import { sampleSeed, SeededRandom } from "@freshet/base";
import type { ClockMoment, ClockThreshold } from "@freshet/sql";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nextCrossing } from "./next-crossing.ts";

/** Comparisons as a statement has them, with T for now(), and what the planner makes of them. */
const CASES: readonly { readonly text: string; readonly column: string; readonly moment: ClockMoment }[] = [
  { text: "tz > T", column: "tz", moment: { base: "now", offsets: [] } },
  {
    text: "tz <= T - interval '90 minutes'",
    column: "tz",
    moment: { base: "now", offsets: ["-1 hours", "-30 minutes"] },
  },
  { text: "tz >= T - interval '7 days'", column: "tz", moment: { base: "now", offsets: ["-7 days"] } },
  { text: "tz < T - interval '364 days'", column: "tz", moment: { base: "now", offsets: ["-364 days"] } },
  {
    text: "tz > T + interval '1 month 3 hours'",
    column: "tz",
    moment: { base: "now", offsets: ["1 months", "3 hours"] },
  },
  { text: "ts > T - interval '1 day'", column: "ts", moment: { base: "now", offsets: ["-1 days"] } },
  { text: "ts <= T::timestamp - interval '1 month'", column: "ts", moment: { base: "local", offsets: ["-1 months"] } },
  {
    text: "ts >= T AT TIME ZONE 'Europe/Vienna'",
    column: "ts",
    moment: { base: "zone", zone: "Europe/Vienna", offsets: [] },
  },
  { text: "tz > T::timestamp", column: "tz", moment: { base: "local", offsets: [] } },
  { text: "d < T - interval '1 day'", column: "d", moment: { base: "now", offsets: ["-1 days"] } },
  { text: "d >= T::timestamp", column: "d", moment: { base: "local", offsets: [] } },
];

/** Moments beside jumps of the clock or of the calendar, and quiet ones. */
const INSTANTS = [
  "2026-11-01 05:40Z", // New York and Havana go back at 06:00 and 05:00.
  "2026-03-08 06:45Z",
  "2025-10-26 00:50Z",
  "2026-03-29 00:40Z",
  "2026-03-31 03:45Z", // New York's last day of the month, whose day before has another month before.
  "2026-03-31 23:50Z",
  "2027-02-28 23:55Z",
  "2026-04-05 14:40Z", // Lord Howe goes back by half an hour at 15:00.
  "2026-06-15 11:00Z",
  "2026-08-01 12:34:56.789123Z",
];
const ZONES = ["UTC", "America/New_York", "America/Havana", "Europe/Vienna", "Australia/Lord_Howe", "Asia/Kathmandu"];

let server: PostgresServer;
let client: pg.Client;

beforeAll(async () => {
  server = await startPostgres();
  client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query("CREATE TABLE moments (tz timestamptz, ts timestamp, d date)");
});

afterAll(async () => {
  await client.query("DROP TABLE moments");
  await client.end();
  await server.stop();
});

async function text(sql: string): Promise<string | null> {
  const { rows } = await client.query<(string | null)[]>({ text: sql, rowMode: "array" });
  return rows[0]?.[0] ?? null;
}

/** Which rows meet the comparison at each of the times `now + seconds`, in one text each. */
async function outcomes(comparison: string, now: string, seconds: readonly string[]): Promise<Set<string>> {
  const at = (second: string): string => comparison.replace(/\bT\b/, `(${now} + interval '${second} seconds')`);
  const found = new Set<string>();
  for (const second of seconds)
    found.add((await text(`SELECT string_agg((${at(second)})::text, ' ' ORDER BY tz, ts, d) FROM moments`)) ?? "");
  return found;
}

describe("nextCrossing", () => {
  test("is NULL without thresholds", () => expect(nextCrossing([])).toBe("NULL"));

  const seed = sampleSeed();
  test.each(ZONES)(
    `what the clock has to do with does not change before, and does change then: %s (seed ${seed})`,
    async (zone) => {
      const random = new SeededRandom(seed);
      await client.query(`SET TimeZone = '${zone}'`);
      let tight = 0;
      let unsteady = 0;
      for (const instant of INSTANTS) {
        for (const { text: comparison, column, moment } of CASES) {
          const now = `'${instant}'::timestamptz`;
          const around = comparison.replace(/^.*?(<=?|>=?)/, "").replace(/\bT\b/, now);
          const values = Array.from({ length: 12 }, () => {
            const value = `(${around})::timestamptz + interval '${random.integer(-7_200_000, 7_200_000)} milliseconds'`;
            return `(${value}, (${value})::timestamp, (${value})::date)`;
          });
          await client.query(
            `TRUNCATE moments; INSERT INTO moments VALUES ${values.join(", ")}, ('infinity', 'infinity', 'infinity')`,
          );
          const absolute = column === "tz" || moment.base === "now";
          const threshold: ClockThreshold = { table: "public.moments", column, only: false, absolute, moment };
          const wait = Number(await text(`SELECT ${nextCrossing([threshold], now)}`));
          expect(wait).toBeGreaterThanOrEqual(0);
          if (wait === 0) {
            unsteady += 1;
            continue;
          }
          const inside = Array.from({ length: 20 }, (_unused, index) => ((wait * index) / 20).toFixed(6));
          const before = await outcomes(comparison, now, [...inside, (wait - 0.000_001).toFixed(6)]);
          expect(before, `${instant} ${comparison}`).toHaveProperty("size", 1);
          if (wait >= 1800) continue;
          tight += 1;
          const after = await outcomes(comparison, now, ["0", wait.toFixed(6), (wait + 0.000_001).toFixed(6)]);
          expect(after.size, `${instant} ${comparison}`).toBeGreaterThan(1);
        }
      }
      expect(tight).toBeGreaterThan(20);
      expect(unsteady).toBeLessThan(40);
    },
  );
});
