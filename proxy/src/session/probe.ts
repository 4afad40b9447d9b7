import { parseLsn } from "@freshet/values";
import {
  BackendType,
  decodeDataRow,
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeParse,
  encodeSync,
} from "@freshet/wire";
import type { SessionFacts } from "./front-ports.ts";

/** Settings that must have these values for a cached answer to be PostgreSQL's. */
const ASSUMED_SETTINGS: Readonly<Record<string, string>> = {
  standard_conforming_strings: "on",
  transform_null_equals: "off",
  row_security: "on",
  array_nulls: "on",
  default_transaction_isolation: "read committed",
};

/** Settings that only answers in mode `invalidate` heed: they are kept per value. */
const FORMAT_SETTINGS: readonly string[] = [
  "lc_monetary",
  "lc_numeric",
  "lc_time",
  "xmlbinary",
  "xmloption",
  "default_text_search_config",
  "quote_all_identifiers",
  "timezone_abbreviations",
];

const CONSISTENCY_LEVELS = ["eventual", "session", "strong"] as const;

const setting = (name: string): string => `pg_catalog.current_setting('${name}')`;

/** Every name is qualified, so that no search_path changes what is asked. */
const COLUMNS: readonly string[] = [
  "current_user",
  "pg_catalog.current_database()",
  "pg_catalog.array_to_json(pg_catalog.current_schemas(false))",
  "pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) 0",
  setting("client_encoding"),
  setting("TimeZone"),
  setting("DateStyle"),
  setting("IntervalStyle"),
  setting("extra_float_digits"),
  setting("bytea_output"),
  setting("lc_monetary"),
  setting("server_version_num"),
  "pg_catalog.current_setting('freshet.consistency', true)",
  "pg_catalog.pg_current_wal_insert_lsn()",
  `pg_catalog.json_build_array(${FORMAT_SETTINGS.map(setting).join(", ")})`,
  ...Object.keys(ASSUMED_SETTINGS).map(setting),
];

const PROBE_SQL = `SELECT ${COLUMNS.join(", ")}`;
const PROBE_NAME = "freshet_probe";

/**
 * The probe as messages, ending with one ReadyForQuery. Named statement and portal of its own: a
 * simple Query would drop the client's unnamed ones.
 */
export const PROBE_MESSAGES: Buffer = Buffer.concat([
  encodeClose("statement", PROBE_NAME),
  encodeParse(PROBE_NAME, PROBE_SQL),
  encodeBind({ portal: PROBE_NAME, statement: PROBE_NAME }),
  encodeExecute(PROBE_NAME),
  encodeClose("portal", PROBE_NAME),
  encodeClose("statement", PROBE_NAME),
  encodeSync(),
]);

/** Reads the probe's responses; `facts` is null until a well-formed row has come. */
export class ProbeReader {
  facts: SessionFacts | null = null;

  observe(type: number, message: Buffer, whole: boolean): void {
    if (type !== BackendType.dataRow || !whole) return;
    this.facts = readFacts(decodeDataRow(message, 0, message.length).map((value) => value?.toString() ?? null));
  }
}

function readFacts(values: readonly (string | null)[]): SessionFacts | null {
  const [
    role,
    database,
    schemas,
    temporary,
    encoding,
    timeZone,
    dateStyle,
    intervalStyle,
    floatDigits,
    bytea,
    lcMonetary,
    serverVersion,
    consistency,
    lsn,
    formats,
  ] = values;
  const insertLsn = parseLsn(lsn ?? "");
  const level = consistencyLevel(consistency ?? null);
  if (insertLsn === undefined || !present(role, database, schemas, temporary, encoding)) return null;
  if (!present(timeZone, dateStyle, intervalStyle, floatDigits, bytea, lcMonetary, serverVersion)) return null;
  const deviating = Object.entries(ASSUMED_SETTINGS)
    .filter(([, assumed], index) => values[COLUMNS.length - Object.keys(ASSUMED_SETTINGS).length + index] !== assumed)
    .map(([name]) => name);
  if (level === undefined) deviating.push("freshet.consistency");
  return {
    role: role ?? "",
    database: database ?? "",
    schemas: readNames(schemas ?? "[]"),
    hasTemporaryObjects: temporary !== "f",
    clientEncoding: encoding ?? "",
    text: {
      timeZone: timeZone ?? "",
      zoneTable: null,
      dateStyle: dateStyle ?? "",
      intervalStyle: intervalStyle ?? "",
      extraFloatDigits: Number(floatDigits),
      byteaOutput: bytea === "escape" ? "escape" : "hex",
      lcMonetary: lcMonetary ?? "",
      serverVersion: Number(serverVersion),
    },
    formatSettings: readNames(formats ?? "[]").map((value, index) => [FORMAT_SETTINGS[index] ?? "", value] as const),
    deviatingSettings: deviating,
    consistency: level ?? "strong",
    insertLsn,
  };
}

function present(...values: readonly (string | null | undefined)[]): boolean {
  return values.every((value) => value !== null && value !== undefined);
}

/** Undefined for a value that means nothing to Freshet. */
function consistencyLevel(value: string | null): SessionFacts["consistency"] | undefined {
  if (value === null || value === "") return "session";
  return CONSISTENCY_LEVELS.find((level) => level === value);
}

function readNames(json: string): string[] {
  const parsed: unknown = JSON.parse(json);
  return Array.isArray(parsed) ? parsed.map(String) : [];
}
