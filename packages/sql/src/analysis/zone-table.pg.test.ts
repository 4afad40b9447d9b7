import { daysFromDate } from "@freshet/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AnalysisDatabase } from "../testing/analysis-database.ts";
import { planStatement } from "./plan-statement.ts";
import { loadZoneTable } from "./zone-table.ts";
import { zoneTablesIn } from "./zoned-call.ts";

let database: AnalysisDatabase;

beforeAll(async () => {
  database = await AnalysisDatabase.start("CREATE TABLE log (id int PRIMARY KEY, at timestamptz, seen timestamp)");
});

afterAll(() => database.stop());

/** Seconds since 2000. */
function momentOf(year: number, month: number, day: number, hour: number): number {
  return daysFromDate({ year, month, day }) * 86_400 + hour * 3600;
}

test("the plan holds the offsets of the zones that its calls name, once each", async () => {
  const text = `SELECT at AT TIME ZONE 'Europe/Berlin', date_trunc('day', at, 'Asia/Tokyo') FROM log
    WHERE (seen AT TIME ZONE 'Europe/Berlin') > '2024-01-01 00:00+00' AND (at AT TIME ZONE 'UTC')::date = '2024-01-02'`;
  const { plan } = await planStatement(database.connection, { text, searchPath: ["public"], liftLiterals: true });
  const tables = zoneTablesIn(plan);
  expect(tables.map(({ timeZone }) => timeZone).toSorted()).toEqual(["Asia/Tokyo", "Europe/Berlin"]);
});

test("the clocks of Berlin change when they do", async () => {
  const table = await loadZoneTable(database.connection, "Europe/Berlin");
  expect(table.begin).toBe(momentOf(1900, 1, 1, 0));
  const change = table.moments.indexOf(momentOf(2024, 3, 31, 1));
  expect(table.offsets[change]).toBe(7200);
  expect(table.moments[change + 1]).toBe(momentOf(2024, 10, 27, 1));
  expect(table.offsets[change + 1]).toBe(3600);
  expect(await loadZoneTable(database.connection, "Europe/Berlin")).toBe(table);
});
