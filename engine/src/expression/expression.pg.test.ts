import { FreshetError, must, SqlState, runsMultiplier, sampleSeed } from "@freshet/base";
import type { CallExpression, Expression } from "@freshet/sql";
import { isOutdated } from "@freshet/sql";
import { packRow } from "@freshet/values";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileExpression, encodeResult } from "./compile.ts";
import type { CompiledExpression } from "./context.ts";
import { EvaluationError } from "./evaluation-error.ts";
import { nullableSymbols, supportedSqlFunctions, supportedSymbols } from "./functions/registry.ts";
import { RowView } from "./row-view.ts";
import { argumentsOf } from "./testing/argument-pools.ts";
import { columnType, hexSql, literalSql, startUpstream } from "./testing/upstream.ts";
import type { Upstream, UpstreamType } from "./testing/upstream.ts";
import { hasValues } from "./testing/value-pools.ts";

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const CASES = 20 * runsMultiplier();

interface Signature {
  readonly oid: number;
  readonly symbol: string;
  readonly name: string;
  readonly args: string[];
  readonly result: string;
  readonly volatility: string;
  readonly strict: boolean;
  readonly language: string;
  readonly takesList: boolean;
}

const SIGNATURES = `
  SELECT p.oid::int8::int4 AS oid, prosrc AS symbol, proname AS name, t.typname AS result, provolatile AS volatility,
         proisstrict AS strict, provariadic NOT IN (0, '"any"'::regtype) AS "takesList", lanname AS language,
         array(SELECT a.typname::text FROM unnest(proargtypes) WITH ORDINALITY AS u(oid, n) JOIN pg_type a USING (oid) ORDER BY n) AS args
  FROM pg_proc p JOIN pg_type t ON t.oid = prorettype JOIN pg_language l ON l.oid = prolang
  WHERE pronamespace = 'pg_catalog'::regnamespace AND (lanname = 'internal' AND prosrc = ANY($1) OR p.oid = ANY($2::oid[]))
  ORDER BY prosrc, p.oid`;

async function signatures(): Promise<Signature[]> {
  return upstream.query<Signature>(SIGNATURES, [supportedSymbols(), supportedSqlFunctions()]);
}

/** STABLE, but pure for the arguments with which plans call them. */
const PURE_IN_PLANS: ReadonlySet<string> = new Set([
  "array_to_json",
  "array_to_text",
  "array_to_text_null",
  "text_format",
  "text_format_nv",
  "timestamp_to_char",
  "int4_to_char",
  "int8_to_char",
  "numeric_to_char",
  "text_concat",
  "text_concat_ws",
  "pg_convert_from",
  "pg_convert_to",
  "timestamptz_pl_interval",
  "timestamptz_mi_interval",
  "extract_timestamptz",
  "timestamptz_part",
  "to_json",
  "to_jsonb",
  "json_build_array",
  "json_build_object",
  "jsonb_build_array",
  "jsonb_build_object",
]);

test("every registered symbol is an immutable built-in, strict but for those registered as not", async () => {
  const found = await signatures();
  const names = new Set(found.map(({ symbol }) => symbol));
  expect(supportedSymbols().filter((symbol) => !names.has(symbol) && !upstream.isOlder)).toEqual([]);
  const oids = new Set(found.map(({ oid }) => oid));
  expect(supportedSqlFunctions().filter((oid) => !oids.has(oid))).toEqual([]);
  const nullable = new Set(nullableSymbols());
  const misregistered = found.filter(({ symbol, volatility, strict }) => {
    return (volatility !== "i" && !PURE_IN_PLANS.has(symbol)) || strict === nullable.has(symbol);
  });
  expect(misregistered).toEqual([]);
});

const STANDS_FOR: Readonly<Record<string, string>> = {
  any: "text",
  anyenum: "mood",
  anyarray: "_int4",
  anycompatible: "int4",
  anycompatiblearray: "_int4",
  anyelement: "numeric",
  anyrange: "numrange",
  anymultirange: "nummultirange",
  record: "pair",
};

/** The type that stands for a polymorphic one. */
function concrete(name: string): UpstreamType {
  return must(upstream.types.get(STANDS_FOR[name] ?? name), `type ${name}`);
}

interface Case {
  readonly signature: Signature;
  readonly values: (string | null)[];
  readonly sql: string;
}

function casesOf(signature: Signature): Case[] {
  const sample = fc.sample(argumentsOf(signature.symbol, signature.name, signature.args), {
    numRuns: CASES,
    seed: SEED,
  });
  return sample.map((values) => {
    const args = values.map((text, at) => {
      const isList = signature.takesList && at === values.length - 1;
      return (isList ? "VARIADIC " : "") + literalSql({ type: concrete(must(signature.args[at])), text });
    });
    const call = `pg_catalog.${pg.escapeIdentifier(signature.name)}(${args.join(", ")})`;
    return { signature, values, sql: hexSql(call, concrete(signature.result)) };
  });
}

/** Binary forms of all literals, from PostgreSQL. */
async function binaryForms(cases: readonly Case[]): Promise<Map<string, Buffer | null | undefined>> {
  const expressions = new Map<string, string>();
  for (const { signature, values } of cases) {
    values.forEach((text, at) => {
      const type = concrete(must(signature.args[at]));
      const literal = literalSql({ type, text });
      expressions.set(literal, hexSql(literal, type));
    });
  }
  const outcomes = await upstream.outcomes([...expressions.values()]);
  return new Map(
    [...expressions.keys()].map((literal, at) => {
      const hex = outcomes[at] ?? null;
      // What only newer servers take for a value is left out on older ones.
      const isValue = hex?.startsWith("!") !== true;
      expect(isValue || upstream.isOlder, `${literal} is no value`).toBe(true);
      return [literal, isValue ? (hex === null ? null : Buffer.from(hex, "hex")) : undefined];
    }),
  );
}

function callOf(signature: Signature, args: readonly Expression[]): CallExpression {
  const { symbol: name, oid: functionOid } = signature;
  return {
    kind: "call",
    name,
    functionOid,
    strict: signature.strict,
    inputCollation: 950,
    args,
    type: columnType(concrete(signature.result)),
  };
}

/** Undefined where a constant argument (a pattern) is refused. */
function compileOrRefuse(expression: Expression, columns: readonly UpstreamType[]): CompiledExpression | undefined {
  try {
    return compileExpression(expression, { columns: columns.map(columnType), codecs: upstream.codecs });
  } catch (error) {
    if (error instanceof FreshetError && error.code === SqlState.featureNotSupported) return undefined;
    throw error;
  }
}

function evaluate(expression: Expression, columns: readonly UpstreamType[], values: (Buffer | null)[]): string | null {
  const compiled = compileOrRefuse(expression, columns);
  if (compiled === undefined) return "declined";
  const row = new RowView();
  row.set(packRow(values), values.length);
  try {
    return encodeResult(compiled(row), expression.type, upstream.codecs)?.toString("hex") ?? null;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.declined ? "declined" : `!${error.code}`;
  }
}

/** The call with all arguments from columns, and with all but the first as constants. */
function evaluateBothWays(item: Case, forms: ReadonlyMap<string, Buffer | null | undefined>): (string | null)[] {
  const types = item.signature.args.map(concrete);
  const bytes = item.values.map((text, at) => forms.get(literalSql({ type: must(types[at]), text })) ?? null);
  const columns = types.map((type, index): Expression => ({ kind: "column", index, type: columnType(type) }));
  const constants = columns.map((column, at): Expression => {
    const value = bytes[at]?.toString("latin1") ?? null;
    return at === 0 ? column : { kind: "constant", value, type: column.type };
  });
  return [columns, constants].map((args) => evaluate(callOf(item.signature, args), types, bytes));
}

/**
 * A symbol that mostly declines is no use. Every pool is such that less than half of its values are declined: so large a share as this
 * is no chance of the seed.
 */
const DECLINES_EXPECTED_BELOW = 0.75;

test("functions give PostgreSQL's bytes or its SQLSTATE", async () => {
  const covered = (await signatures()).filter(
    ({ symbol, args }) => args.every(hasValues) && !isOutdated(symbol, upstream.serverVersion),
  );
  const all = covered.flatMap(casesOf);
  const forms = await binaryForms(all);
  const cases = all.filter(({ signature, values }) =>
    values.every((text, at) => forms.get(literalSql({ type: concrete(must(signature.args[at])), text })) !== undefined),
  );
  const outcomes = await upstream.outcomes(cases.map(({ sql }) => sql));
  const wrong: string[] = [];
  const declines = new Map<string, number>();
  cases.forEach((item, at) => {
    const expected = outcomes[at] ?? null;
    for (const actual of evaluateBothWays(item, forms)) {
      if (actual === "declined") declines.set(item.signature.symbol, (declines.get(item.signature.symbol) ?? 0) + 1);
      else if (actual !== expected) wrong.push(`${item.sql}: expected ${expected}, got ${actual}`);
    }
  });
  expect(wrong.slice(0, 60), `seed ${SEED}: ${wrong.length} of ${cases.length} differ`).toEqual([]);
  const evaluations = (symbol: string): number => 2 * cases.filter((item) => item.signature.symbol === symbol).length;
  const mostly = [...declines].filter(([symbol, count]) => count > evaluations(symbol) * DECLINES_EXPECTED_BELOW);
  // On older servers too few values are left of some functions' pools.
  expect(upstream.isOlder ? [] : mostly).toEqual([]);
  const untested = supportedSymbols().filter((symbol) => !covered.some((signature) => signature.symbol === symbol));
  expect(upstream.isOlder ? [] : untested).toEqual([]);
});
