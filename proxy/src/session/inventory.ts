import {
  BackendType,
  decodeDataRow,
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeParse,
  encodeSync,
} from "@freshet/wire";

/** What a session has at the end of a transaction that cannot be seen in what the server reports. */
export interface Inventory {
  /** Settings changed in the session, by name. */
  readonly settings: ReadonlyMap<string, string>;
  /** What ties the session to its server connection. */
  readonly pins: readonly string[];
}

const NAME = "freshet_inventory";

/** Names are qualified, so that no search_path changes what is asked. */
const EQUALS = "OPERATOR(pg_catalog.=)";
const PINS: readonly (readonly [reason: string, condition: string])[] = [
  [
    "temporary objects",
    `pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) 0 AND (
      EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace ${EQUALS} pg_catalog.pg_my_temp_schema())
      OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace ${EQUALS} pg_catalog.pg_my_temp_schema())
      OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace ${EQUALS} pg_catalog.pg_my_temp_schema()))`,
  ],
  [
    "advisory lock",
    `EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype ${EQUALS} 'advisory' AND pid ${EQUALS} pg_catalog.pg_backend_pid())`,
  ],
  ["LISTEN", "EXISTS (SELECT FROM pg_catalog.pg_listening_channels())"],
  ["cursor WITH HOLD", "EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)"],
  ["PREPARE", "EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)"],
];
/** Of one transaction each. */
const PASSING = ["transaction_isolation", "transaction_read_only", "transaction_deferrable"];

/** `custom`: names of settings that the catalog does not list. `login`: the user that the session began as. */
export function inventoryMessages(custom: Iterable<string>, login: string): Buffer {
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  const names = [...custom, "role"];
  const values = names.flatMap((name) => [text(name), `pg_catalog.current_setting(${text(name)}, true)`]);
  const tied = [...PINS, ["SESSION AUTHORIZATION", `session_user OPERATOR(pg_catalog.<>) ${text(login)}`] as const];
  const pins = tied.map(([reason, condition]) => `CASE WHEN ${condition} THEN ${text(reason)} END`);
  const hex = (json: string): string =>
    `pg_catalog.encode(pg_catalog.convert_to((${json})::pg_catalog.text, 'UTF8'), 'hex')`;
  const settings = `SELECT COALESCE(pg_catalog.json_object_agg(name, setting), '{}') FROM pg_catalog.pg_settings
    WHERE source ${EQUALS} 'session' AND NOT name ${EQUALS} ANY (ARRAY[${PASSING.map(text).join(", ")}])`;
  const sql = `SELECT ${hex(settings)}, ${hex(`SELECT pg_catalog.json_build_object(${values.join(", ")})`)},
    pg_catalog.concat_ws(',', ${pins.join(", ")})`;
  return Buffer.concat([
    encodeClose("statement", NAME),
    encodeParse(NAME, sql),
    encodeBind({ portal: NAME, statement: NAME }),
    encodeExecute(NAME),
    encodeClose("portal", NAME),
    encodeClose("statement", NAME),
    encodeSync(),
  ]);
}

/** Reads the responses; `inventory` is null until a well-formed row has come. */
export class InventoryReader {
  inventory: Inventory | null = null;

  observe(type: number, message: Buffer, whole: boolean): void {
    if (type !== BackendType.dataRow || !whole) return;
    const [settings, custom, pins] = decodeDataRow(message, 0, message.length).map((value) =>
      value?.toString("latin1"),
    );
    if (settings === undefined || custom === undefined || pins === undefined) return;
    const entries = [...readObject(settings), ...readObject(custom)].filter(
      ([name, value]) => name !== "role" || value !== "none",
    );
    this.inventory = { settings: new Map(entries), pins: pins === "" ? [] : pins.split(",") };
  }
}

/** The members of a JSON object in hexadecimal UTF-8 that are not null. */
function readObject(hex: string): [string, string][] {
  const parsed: unknown = JSON.parse(Buffer.from(hex, "hex").toString("utf8"));
  if (typeof parsed !== "object" || parsed === null) return [];
  return Object.entries(parsed).flatMap(([name, value]: [string, unknown]) =>
    typeof value === "string" ? [[name, value] satisfies [string, string]] : [],
  );
}
