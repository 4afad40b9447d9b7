import { must, runsMultiplier, sampleSeed } from "@freshet/base";
import { type AnalysisConnection, type Expression, loadZoneTable } from "@freshet/sql";
import { packRow, type TimeZoneTable } from "@freshet/values";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { analysisConnection } from "../../testing/analysis-connection.ts";
import { compileExpression, encodeResult } from "../compile.ts";
import { EvaluationError } from "../evaluation-error.ts";
import { RowView } from "../row-view.ts";
import { columnType, hexSql, literalSql, startUpstream, type Upstream } from "../testing/upstream.ts";

let upstream: Upstream;
let connection: AnalysisConnection;

beforeAll(async () => {
  upstream = await startUpstream();
  connection = analysisConnection(upstream.client);
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const CASES = 60 * runsMultiplier();
const ZONES = [
  "Europe/Berlin",
  "america/new_york",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "Africa/Casablanca",
  "Europe/Dublin",
  "America/Sao_Paulo",
  "Pacific/Apia",
  "Africa/Monrovia",
  "Antarctica/Troll",
  "Europe/Moscow",
  "America/Caracas",
  "Singapore",
  "EST5EDT",
  "FOO3:30BAR",
];

const INTERVALS = fc.constantFrom(
  "1 day",
  "-1 day",
  "1 month",
  "1 mon -30 days 02:30",
  "24:00",
  "1 year 1 us",
  "12 days",
);
const UNITS = fc.constantFrom("day", "week", "month", "quarter", "year", "hour", "minute", "millennium", "ms");

/** Seconds since 2000, at random and around the zone's changes, as texts without a zone. */
function momentsOf(table: TimeZoneTable, withOffsets: boolean): fc.Arbitrary<string> {
  const anywhere = fc.integer({ min: table.begin - 90_000, max: table.end + 90_000 });
  const steps = fc.constantFrom(-86_400, -7200, -3600, -1800, -1, 0, 1, 900, 1800, 3599, 3600, 7200, 86_399, 86_400);
  const around = fc
    .tuple(fc.integer({ min: 0, max: table.moments.length - 1 }), steps, fc.boolean())
    .map(([at, step, isBefore]) => {
      const local = withOffsets ? must(table.offsets[isBefore && at > 0 ? at - 1 : at]) : 0;
      return must(table.moments[at]) + local + step;
    });
  return fc
    .tuple(fc.oneof(anywhere, around, around), fc.constantFrom("", ".5", ".000001"))
    .map(([seconds, fraction]) => new Date((seconds + 946_684_800) * 1000).toISOString().slice(0, 19) + fraction);
}

interface Call {
  readonly symbol: string;
  readonly name: string;
  readonly types: readonly string[];
  readonly result: string;
  readonly args: fc.Arbitrary<readonly string[]>;
}

function callsOf(table: TimeZoneTable, zone: string): Call[] {
  const [instant, local] = [momentsOf(table, false).map((text) => `${text}+00`), momentsOf(table, true)];
  const [stamp, zoned] = ["timestamp", "timestamptz"];
  const all: Call[] = [
    {
      symbol: "timestamptz_zone",
      name: "timezone",
      types: ["text", zoned],
      result: stamp,
      args: fc.tuple(fc.constant(zone), fc.oneof(instant, instant, fc.constant("infinity"))),
    },
    {
      symbol: "timestamp_zone",
      name: "timezone",
      types: ["text", stamp],
      result: zoned,
      args: fc.tuple(fc.constant(zone), local),
    },
    {
      symbol: "timestamptz_trunc_zone",
      name: "date_trunc",
      types: ["text", zoned, "text"],
      result: zoned,
      args: fc.tuple(UNITS, instant, fc.constant(zone)),
    },
  ];
  if (upstream.isOlder) return all;
  return [
    ...all,
    ...(["pl", "mi"] as const).map((sign) => ({
      symbol: `timestamptz_${sign}_interval_at_zone`,
      name: sign === "pl" ? "date_add" : "date_subtract",
      types: [zoned, "interval", "text"],
      result: zoned,
      args: fc.tuple(instant, INTERVALS, fc.constant(zone)),
    })),
  ];
}

async function bytesOf(type: string, texts: readonly string[]): Promise<Buffer[]> {
  const upstreamType = must(upstream.types.get(type));
  const outcomes = await upstream.outcomes(
    texts.map((text) => hexSql(literalSql({ type: upstreamType, text }), upstreamType)),
  );
  return outcomes.map((hex) => Buffer.from(must(hex ?? undefined), "hex"));
}

function evaluate(call: Call, zone: TimeZoneTable, values: readonly Buffer[]): string | null {
  const types = call.types.map((type) => columnType(must(upstream.types.get(type))));
  const args = types.map((type, index): Expression => ({ kind: "column", index, type }));
  const type = columnType(must(upstream.types.get(call.result)));
  const expression: Expression = {
    kind: "call",
    name: call.symbol,
    functionOid: 0,
    strict: true,
    inputCollation: 0,
    args,
    type,
    zone,
  };
  const compiled = compileExpression(expression, { columns: types, codecs: upstream.codecs });
  const row = new RowView();
  row.set(packRow([...values]), values.length);
  try {
    return encodeResult(compiled(row), type, upstream.codecs)?.toString("hex") ?? null;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.declined ? "declined" : `!${error.code}`;
  }
}

test.each(ZONES)("moments in %s", async (name) => {
  const table = await loadZoneTable(connection, name);
  const wrong: string[] = [];
  for (const call of callsOf(table, name)) {
    const samples = fc.sample(call.args, { numRuns: CASES, seed: SEED });
    const columns: Buffer[][] = [];
    for (const [at, type] of call.types.entries()) {
      columns.push(
        await bytesOf(
          type,
          samples.map((sample) => must(sample[at])),
        ),
      );
    }
    const expected = await upstream.outcomes(
      samples.map((sample) => {
        const args = sample.map((text, at) =>
          literalSql({ type: must(upstream.types.get(must(call.types[at]))), text }),
        );
        return hexSql(`pg_catalog.${call.name}(${args.join(", ")})`, must(upstream.types.get(call.result)));
      }),
    );
    let declines = 0;
    samples.forEach((sample, at) => {
      const actual = evaluate(
        call,
        table,
        columns.map((column) => must(column[at])),
      );
      if (actual === "declined") declines++;
      else if (actual !== expected[at])
        wrong.push(`${call.name}(${sample.join(", ")}): ${expected[at]}, not ${actual}`);
    });
    if (declines > samples.length / 2) wrong.push(`${call.name}: ${declines} of ${samples.length} declined`);
  }
  expect(wrong.slice(0, 10), `seed ${SEED}: ${wrong.length} differ`).toEqual([]);
});
