/** What the generator knows of a PostgreSQL type. */
export interface ColumnKind {
  /** Short; names of columns begin with it. */
  readonly id: string;
  readonly sql: string;
  /** Text forms of the values that columns hold: few, so that joins meet and groups collide. */
  readonly values: readonly string[];
  /** Kinds with the same family may be compared with one another. */
  readonly family:
    | "bool"
    | "number"
    | "text"
    | "char"
    | "bytea"
    | "date"
    | "timestamp"
    | "timestamptz"
    | "uuid"
    | "json"
    | "enum"
    | "array"
    | "interval"
    | "time"
    | "timetz"
    | "money"
    | "bit"
    | "network"
    | "mac"
    | "range"
    | "record"
    | "words"
    | "number of the system";
  readonly ordered: boolean;
  readonly summable: boolean;
  /** Equal values may have different texts (1.0 and 1.00, 0 and -0), so that which of them a group shows is open. */
  readonly loose: boolean;
}

const plain = { ordered: true, summable: false, loose: false } as const;
const number = { family: "number", ordered: true, summable: true, loose: false } as const;
const composite = { ordered: true, summable: false, loose: false } as const;

const instants = [
  "2024-02-29 12:00:00",
  "1999-12-31 23:59:59.999999",
  "infinity",
  "-infinity",
  "0044-03-15 00:00:00 BC",
  "2024-03-01 00:00:00",
];
const floats = ["0", "-0", "1.5", "0.125", "-2.25", "3", "NaN", "Infinity", "-Infinity", "1024.5"];

/** Types that every schema may use. Fractions are multiples of 1/8, whose sums are exact in any order. */
export const columnKinds: readonly ColumnKind[] = [
  { id: "boo", sql: "bool", values: ["true", "false"], family: "bool", ...plain },
  { id: "sma", sql: "int2", values: ["0", "1", "2", "3", "-1", "32767", "-32768"], ...number },
  { id: "num", sql: "int4", values: ["0", "1", "2", "3", "4", "-1", "2147483647", "-2147483648"], ...number },
  { id: "big", sql: "int8", values: ["0", "1", "2", "3", "9223372036854775807", "-9223372036854775808"], ...number },
  { id: "rea", sql: "float4", values: floats, ...number, loose: true },
  { id: "flo", sql: "float8", values: [...floats, "123456789.125"], ...number, loose: true },
  {
    id: "dec",
    sql: "numeric",
    values: [
      "0",
      "1",
      "1.0",
      "1.00",
      "2",
      "-0.5",
      "3.14159265358979323846",
      "NaN",
      "Infinity",
      "-Infinity",
      "12345678901234567890123456789.5",
      "1e40",
      "0.0000000001",
    ],
    ...number,
    loose: true,
  },
  { id: "pri", sql: "numeric(10,2)", values: ["0.00", "1.00", "2.00", "9.99", "-1.50", "12345678.90"], ...number },
  {
    id: "txt",
    sql: "text",
    values: ["", "a", "A", "b", "a ", "ab", "ä", "€uro 日本", "b%_", "it's", "\\x"],
    family: "text",
    ...plain,
  },
  { id: "var", sql: "varchar(6)", values: ["", "a", "A", "b", "a ", "äöü", "b_%"], family: "text", ...plain },
  { id: "chr", sql: "char(4)", values: ["", "a", "b", "ab", "äö", "abcd"], family: "char", ...plain },
  { id: "byt", sql: "bytea", values: ["\\x", "\\x00", "\\x00ff", "\\xdeadbeef", "\\x61"], family: "bytea", ...plain },
  {
    id: "day",
    sql: "date",
    values: ["2024-02-29", "1999-12-31", "infinity", "-infinity", "0044-03-15 BC", "2024-03-01"],
    family: "date",
    ...plain,
  },
  { id: "tim", sql: "timestamp", values: instants, family: "timestamp", ...plain },
  { id: "ins", sql: "timestamptz", values: instants, family: "timestamptz", ...plain },
  {
    id: "uid",
    sql: "uuid",
    values: [
      "00000000-0000-0000-0000-000000000000",
      "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ],
    family: "uuid",
    ...plain,
  },
  {
    id: "jso",
    sql: "jsonb",
    values: ["{}", '{"a": 1}', "[1, 2]", "null", '"x"', '{"b": [1, {"c": null}], "a": "ä"}'],
    family: "json",
    ...composite,
  },
  {
    id: "moo",
    sql: "mood",
    values: ["sad", "ok", "happy"],
    family: "enum",
    ordered: true,
    summable: false,
    loose: false,
  },
  {
    id: "ids",
    sql: "int4[]",
    values: ["{}", "{1,2}", "{NULL,3}", "[0:1]={1,2}", "{1}"],
    family: "array",
    ...composite,
  },
  {
    id: "itv",
    sql: "interval",
    values: ["0", "1 mon", "30 days", "-1 day", "24:00:00", "1 day", "1 year 2 mons -3 days 04:05:06.7", "infinity"],
    family: "interval",
    ...plain,
    loose: true,
  },
  { id: "clo", sql: "time", values: ["00:00", "24:00:00", "12:34:56.7", "06:00"], family: "time", ...plain },
  {
    id: "zon",
    sql: "timetz",
    values: ["00:00+00", "12:34:56.7+05:30", "01:00+01", "02:00+02", "23:00-08"],
    family: "timetz",
    ...plain,
  },
  { id: "mon", sql: "money", values: ["0", "0.01", "-1.00", "1234.56", "7.77"], family: "money", ...plain },
  { id: "bit", sql: "varbit", values: ["", "0", "1", "10", "101010101"], family: "bit", ...plain },
  {
    id: "net",
    sql: "inet",
    values: ["10.0.0.1", "10.0.0.1/8", "10.0.0.0/8", "10.0.0.0/9", "::1", "2001:db8::1/32", "::ffff:1.2.3.4"],
    family: "network",
    ...plain,
  },
  { id: "cid", sql: "cidr", values: ["10.0.0.0/8", "10.0.0.0/9", "10.0.0.1/32", "::/0"], family: "network", ...plain },
  { id: "mac", sql: "macaddr", values: ["00:00:00:00:00:00", "08:00:2b:01:02:03"], family: "mac", ...plain },
  { id: "dom", sql: "amount", values: ["0.00", "1.00", "2.00", "9.99"], ...number },
  {
    id: "ran",
    sql: "int4range",
    values: ["empty", "[1,3)", "[2,5)", "(,2)", "[3,)", "(,)", "[1,2]"],
    family: "range",
    ...plain,
  },
  {
    id: "per",
    sql: "daterange",
    values: ["empty", "[2024-02-28,2024-03-01)", "[2024-02-29,)", "(,2024-03-01)", "[-infinity,infinity]"],
    family: "range",
    ...plain,
  },
  { id: "rec", sql: "pair", values: ["(1,a)", "(1,)", "(,)", '(2,"x y")', "(,b)"], family: "record", ...plain },
  {
    id: "tsv",
    sql: "tsvector",
    values: ["", "a b", "a:1 b:2A"],
    family: "words",
    ordered: false,
    summable: false,
    loose: false,
  },
  {
    id: "lsn",
    sql: "pg_lsn",
    values: ["0/0", "0/1", "1/0", "FFFFFFFF/FFFFFFFF"],
    family: "number of the system",
    ...plain,
  },
  { id: "tag", sql: "text[]", values: ["{}", '{a,"b c",NULL}', '{""}', '{"NULL"}'], family: "array", ...composite },
];

export function kindById(id: string): ColumnKind {
  const kind = columnKinds.find((candidate) => candidate.id === id);
  if (kind === undefined) throw new RangeError(`there is no column kind ${id}`);
  return kind;
}

/** A string constant with its type. */
export function typedLiteral(kind: ColumnKind, value: string): string {
  return `${quote(value)}::${kind.sql}`;
}

export function quote(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
