import { startPostgres, withClient, type PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_TEXT_SETTINGS } from "./codec.ts";
import { askValues, formDifferences, inputDifferences, type OracleValue, type SqlType } from "./testing/oracle.ts";
import * as samples from "./testing/samples.ts";
import { codecNamed, TYPE_CASES, utc } from "./testing/type-cases.ts";

const settings = DEFAULT_TEXT_SETTINGS;
const timestamptz = codecNamed("timestamptz");

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

async function ask(type: SqlType, inputs: readonly string[], statement: string): Promise<OracleValue[]> {
  return withClient(server, async (client) => {
    await client.query(statement);
    return askValues(client, type, inputs);
  });
}

describe("session settings", () => {
  test.each([0, -1, -5, -14, 2, 3])("extra_float_digits = %d", async (digits) => {
    const session = `SET extra_float_digits = ${digits}`;
    for (const { codec, name, send, inputs } of TYPE_CASES.filter(({ codec: c }) => c === "float4" || c === "float8")) {
      const values = await ask({ name, send }, inputs(), session);
      for (const { bytes, text } of values) {
        const shown = codecNamed(codec).toText(bytes, { ...settings, extraFloatDigits: digits });
        expect(shown?.toString(), `${name} ${bytes.toString("hex")}`).toBe(text);
      }
    }
  });

  test("bytea_output = escape", async () => {
    const values = await ask({ name: "bytea", send: "byteasend" }, samples.byteas(), "SET bytea_output = 'escape'");
    for (const { bytes, text } of values) {
      expect(
        codecNamed("bytea")
          .toText(bytes, { ...settings, byteaOutput: "escape" })
          ?.toString(),
      ).toBe(text);
    }
  });

  test.each(["postgres", "postgres_verbose", "sql_standard", "iso_8601"])(
    "IntervalStyle = %s",
    async (intervalStyle) => {
      const codec = codecNamed("interval");
      const inputs = samples.intervals();
      const asPostgres = await ask(
        { name: "interval", send: "interval_send" },
        inputs,
        "SET intervalstyle = 'postgres'",
      );
      const texts = asPostgres.map(({ text }) => text);
      // Read under the style itself, where a sign may mean more than its own field.
      const values = await ask(
        { name: "interval", send: "interval_send" },
        texts,
        `SET intervalstyle = '${intervalStyle}'`,
      );
      expect(formDifferences(codec, values, { ...settings, intervalStyle })).toEqual([]);
    },
  );

  test.each(["C", "POSIX", "C.UTF-8"])("lc_monetary = %s", async (lcMonetary) => {
    const session = `SET lc_monetary = '${lcMonetary}'`;
    const values = await ask({ name: "money", send: "cash_send" }, samples.moneys(), session);
    expect(formDifferences(codecNamed("money"), values, { ...settings, lcMonetary })).toEqual([]);
    expect(inputDifferences(codecNamed("money"), values, { ...settings, lcMonetary })).toEqual([]);
  });

  test.each([
    "Etc/GMT+5",
    "Etc/GMT-14",
    "GMT",
    "Zulu",
    "5.5",
    "-3",
    "INTERVAL '+05:30' HOUR TO MINUTE",
    "INTERVAL '-00:20' HOUR TO MINUTE",
  ])("time zone %s", async (zone) => {
    const name = /^[A-Z]/i.test(zone) && !zone.startsWith("INTERVAL") ? `'${zone}'` : zone;
    await withClient(server, async (client) => {
      await client.query(`SET TIME ZONE ${name}`);
      const shown = await client.query<{ zone: string }>("SELECT current_setting('TimeZone') AS zone");
      const timeZone = shown.rows[0]?.zone ?? "";
      // Away from the limits, where a shifted local time would be out of range.
      const inputs = samples
        .micros()
        .slice(10)
        .map(utc)
        .filter((text) => !/^(?:4714|294276)/.test(text));
      const values = await askValues(client, { name: "timestamptz", send: "timestamptz_send" }, inputs);
      expect(formDifferences(timestamptz, values, { ...settings, timeZone })).toEqual([]);
      expect(inputDifferences(timestamptz, values, { ...settings, timeZone })).toEqual([]);
    });
  });

  test("zones and styles that are not certain are not answered", () => {
    const bytes = timestamptz.encode(0n);
    for (const timeZone of ["Europe/Berlin", "EST5EDT", "Africa/Abidjan", "CET", "Etc/GMT+13", "posixrules", ""]) {
      expect(timestamptz.toText(bytes, { ...settings, timeZone })).toBeUndefined();
      expect(timestamptz.fromText("2000-01-01 00:00:00", { ...settings, timeZone })).toBeUndefined();
    }
    for (const name of ["date", "timestamp", "timestamptz"]) {
      const codec = codecNamed(name);
      const value = codec.encode(name === "date" ? 0 : 0n);
      expect(codec.toText(value, { ...settings, dateStyle: "German, DMY" })).toBeUndefined();
    }
    expect(
      codecNamed("money").toText(codecNamed("money").encode(1n), { ...settings, lcMonetary: "de_DE" }),
    ).toBeUndefined();
  });
});
