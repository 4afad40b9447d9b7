import { must, runsMultiplier, sampleSeed } from "@freshet/base";
import type { AggregateCall, AggregateName, ColumnExpression, Plan } from "@freshet/sql";
import { packRow, type Row } from "@freshet/values";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { columnType, hexSql, literalSql, startUpstream } from "../expression/testing/upstream.ts";
import type { Upstream, UpstreamType } from "../expression/testing/upstream.ts";
import { valuesOf } from "../expression/testing/value-pools.ts";
import { ReferenceEvaluator } from "../reference/evaluate-plan.ts";

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const CASES = 25 * runsMultiplier();
const TABLE = 1001;

interface Case {
  readonly name: AggregateName;
  readonly value: UpstreamType;
  readonly result: UpstreamType;
  /** The direct argument; null without one. */
  readonly direct: { readonly type: UpstreamType; readonly text: string | null } | null;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly texts: readonly (string | null)[];
}

function typeOf(name: string): UpstreamType {
  return must(upstream.types.get(name), `type ${name}`);
}

const fractions = fc.constantFrom("0", "0.1", "0.25", "0.5", "0.7", "0.9", "1", null);
const arrays = fc.constantFrom("{0,0.5,1}", "{0.25,NULL,0.75}", "{{0.1,0.2},{0.3,0.9}}", "[0:1]={0.5,0.5}", "{}", null);

function directOf(name: AggregateName, type: string): fc.Arbitrary<Case["direct"]> {
  if (name === "mode") return fc.constant(null);
  const of = (typeName: string) => (text: string | null) => ({ type: typeOf(typeName), text });
  if (!name.startsWith("percentile")) return valuesOf(type).map(of(type));
  return fc.oneof(fractions.map(of("float8")), arrays.map(of("_float8")));
}

const RANKS: Readonly<Record<string, string>> = {
  rank: "int8",
  dense_rank: "int8",
  percent_rank: "float8",
  cume_dist: "float8",
};

function casesOf(name: AggregateName, type: string): Case[] {
  const arbitrary = fc.record({
    texts: fc.array(valuesOf(type), { maxLength: 9 }),
    direct: directOf(name, type),
    descending: fc.boolean(),
    nullsFirst: fc.boolean(),
  });
  return fc.sample(arbitrary, { numRuns: CASES, seed: SEED }).map((item) => ({
    ...item,
    name,
    value: typeOf(type),
    result: typeOf(RANKS[name] ?? (item.direct?.type.name === "_float8" ? `_${type}` : type)),
  }));
}

function caseSql({ name, value, result, direct, descending, nullsFirst, texts }: Case): string {
  const order = `x ${descending ? "DESC" : "ASC"} NULLS ${nullsFirst ? "FIRST" : "LAST"}`;
  const call = `${name}(${direct === null ? "" : literalSql(direct)}) WITHIN GROUP (ORDER BY ${order})`;
  const literals = texts.map((text) => literalSql({ type: value, text }));
  return `${hexSql(call, result)} FROM unnest(ARRAY[${literals.join(", ")}]::${value.name}[]) AS t(x)`;
}

async function bytesOf(
  literals: readonly { readonly type: UpstreamType; readonly text: string | null }[],
): Promise<(Buffer | null)[]> {
  const hexes = await upstream.outcomes(literals.map((literal) => hexSql(literalSql(literal), literal.type)));
  return hexes.map((hex) => (hex === null ? null : Buffer.from(hex, "hex")));
}

/** The aggregate's value by a plan that the slow evaluator computes; the operator is held to it elsewhere. */
async function evaluate(item: Case): Promise<string | null> {
  const value = columnType(item.value);
  const type = columnType(item.result);
  const column: ColumnExpression = { kind: "column", index: 0, type: value };
  const [direct] = item.direct === null ? [] : await bytesOf([item.direct]);
  const call: AggregateCall = {
    name: item.name,
    arg: column,
    direct:
      item.direct === null
        ? []
        : [{ kind: "constant", value: direct?.toString("latin1") ?? null, type: columnType(item.direct.type) }],
    sort: [{ expression: column, descending: item.descending, nullsFirst: item.nullsFirst }],
    distinct: false,
    type,
    inputCollation: value.collation,
  };
  const input: Plan = { kind: "scan", tableOid: TABLE, attributes: [1], columns: [value] };
  const plan: Plan = { kind: "aggregate", input, groups: [], aggregates: [call], scalar: true, columns: [type] };
  const values = await bytesOf(item.texts.map((text) => ({ type: item.value, text })));
  const rows = values.map((bytes): Row => packRow([bytes]));
  const reference = new ReferenceEvaluator(new Map([[TABLE, { attributes: [1], rows }]]), upstream.codecs);
  const [row] = reference.evaluate(plan);
  if (row === undefined) throw new EvaluationError("XX000", "no row");
  return row.readInt32BE(0) < 0 ? null : row.subarray(4).toString("hex");
}

const ORDERED = ["bool", "int2", "int8", "text", "date", "timestamp", "uuid", "bytea", "mood"];
const AGGREGATES: readonly AggregateName[] = [
  "mode",
  "percentile_disc",
  "rank",
  "dense_rank",
  "percent_rank",
  "cume_dist",
];
const MATRIX = AGGREGATES.flatMap((name) =>
  ORDERED.filter((type) => type !== "mood" || name !== "percentile_disc").map((type) => [name, type] as const),
);

/** Numbers whose interpolation is the same in any order, without the images that are open: 0 and -0. */
test.each([...MATRIX, ["percentile_cont", "float8"] as const])("%s over %s is PostgreSQL's", async (name, type) => {
  const cases = casesOf(name, type).filter(({ texts }) => !texts.includes("-0"));
  const outcomes = await upstream.outcomes(cases.map(caseSql));
  const wrong: string[] = [];
  for (const [at, item] of cases.entries()) {
    const expected = outcomes[at] ?? null;
    const actual = await evaluate(item);
    // The sign of a NaN that is made of infinities is the processor's.
    const plain = (hex: string | null): string | undefined => hex?.replaceAll("fff8000000000000", "7ff8000000000000");
    if (plain(actual) !== plain(expected)) wrong.push(`${caseSql(item)}: expected ${expected}, got ${actual}`);
  }
  expect(wrong.slice(0, 10), `seed ${SEED}: ${wrong.length} of ${cases.length} differ`).toEqual([]);
});
