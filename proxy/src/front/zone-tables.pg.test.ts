import { must } from "@freshet/base";
import { type PostgresServer, startPostgres, withClient } from "@freshet/postgres";
import { createCodecs, DEFAULT_TEXT_SETTINGS, Oid, type TextSettings } from "@freshet/values";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ControlConnection } from "../control/control-connection.ts";
import { ZoneTables } from "./zone-tables.ts";

const timestamptz = must(createCodecs([]).get(Oid.timestamptz));
const SEED = 4711;
const HOUR = 3600;
const BEGIN = -946_684_800;
const END = 1_199_145_600;

let server: PostgresServer;
let control: ControlConnection;
let time = 0;

beforeAll(async () => {
  server = await startPostgres();
  control = new ControlConnection({
    connectionString: server.url,
    applicationName: "zones",
    connectTimeoutMs: 10_000,
  });
});

afterAll(async () => {
  await control.close();
  await server.stop();
});

function tables(): ZoneTables {
  return new ZoneTables(
    (statements) => control.run(statements),
    () => time,
  );
}

/** Seconds since 2000: some at random, and some around each change of the offset. */
function moments(settings: TextSettings): number[] {
  const random = fc.sample(fc.integer({ min: BEGIN, max: END - 1 }), { seed: SEED, numRuns: 400 });
  const changes = must(settings.zoneTable).moments.flatMap((moment) =>
    [-HOUR, -1, 0, 1, HOUR - 1, HOUR].map((distance) => moment + distance),
  );
  return [...random, ...changes.slice(0, 600)].filter((moment) => moment >= BEGIN && moment < END);
}

test.each(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Monrovia", "CET", "Asia/Kathmandu"])(
  "moments in %s are shown and read as the server does",
  async (timeZone) => {
    const zones = tables();
    const plain: TextSettings = { ...DEFAULT_TEXT_SETTINGS, timeZone };
    expect(zones.complete(plain)).toBe(plain);
    await zones.want(timeZone);
    const settings = zones.complete(plain);
    expect(zones.complete(plain)).toBe(settings);
    const asked = moments(settings);
    const rows = await withClient(server, async (client) => {
      await client.query(`SET TimeZone TO '${timeZone}'`);
      const result = await client.query<{ shown: string; local: string; again: string }>(
        `SELECT format('%s', t) AS shown, t::timestamp::text AS local, date_part('epoch', t::timestamp::timestamptz - timestamptz '2000-01-01 00:00+00')::int8::text AS again
         FROM unnest($1::int8[]) WITH ORDINALITY AS m(s, n), LATERAL (SELECT timestamptz '2000-01-01 00:00+00' + s * interval '1 second') AS x(t) ORDER BY n`,
        [asked],
      );
      return result.rows;
    });
    const encode = (seconds: number): Buffer => timestamptz.encode(BigInt(seconds) * 1_000_000n);
    const read = rows.map(({ local }) => timestamptz.fromText(local, settings));
    expect(asked.map((moment) => timestamptz.toText(encode(moment), settings)?.toString())).toEqual(
      rows.map(({ shown }) => shown),
    );
    const misread = read.filter((bytes, at) => bytes !== undefined && !bytes.equals(encode(Number(rows[at]?.again))));
    expect(misread).toEqual([]);
    expect(read.filter((bytes) => bytes === undefined).length).toBeLessThan(read.length / 2);
  },
);

test("moments outside the years that were asked for are not given, nor those of an unknown zone", async () => {
  const zones = tables();
  const settings: TextSettings = { ...DEFAULT_TEXT_SETTINGS, timeZone: "Europe/Berlin" };
  await zones.want("Europe/Berlin");
  for (const seconds of [BEGIN - 1, END]) {
    const bytes = timestamptz.encode(BigInt(seconds) * 1_000_000n);
    expect(timestamptz.toText(bytes, zones.complete(settings))).toBeUndefined();
  }
  await expect(zones.want("No/Where")).rejects.toThrow("No/Where");
  await expect(zones.want("No/Where"), "asked again at once").resolves.toBeUndefined();
  const unknown: TextSettings = { ...settings, timeZone: "No/Where" };
  expect(zones.complete(unknown)).toBe(unknown);
  expect(await control.query("SELECT current_setting('transaction_isolation')")).toHaveLength(1);
});

test("a zone that could not be had is asked for again after a while", async () => {
  let asked = 0;
  const zones = new ZoneTables(
    async () => {
      asked++;
      return [];
    },
    () => time,
  );
  await expect(zones.want("Europe/Berlin")).rejects.toThrow("Europe/Berlin");
  await zones.want("Europe/Berlin");
  expect(asked).toBe(1);
  time += 60_001;
  await expect(zones.want("Europe/Berlin")).rejects.toThrow("Europe/Berlin");
  expect(asked).toBe(2);
});

test("a table is asked for anew after its time", async () => {
  const zones = tables();
  const settings: TextSettings = { ...DEFAULT_TEXT_SETTINGS, timeZone: "Europe/Berlin" };
  await zones.want("Europe/Berlin");
  expect(zones.complete(settings).zoneTable).not.toBeNull();
  time += 3_600_001;
  expect(zones.complete(settings).zoneTable).toBeNull();
});
