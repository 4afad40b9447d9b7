import { must, runsMultiplier, sampleSeed } from "@freshet/base";
import type { Value } from "@freshet/values";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EvaluationError } from "../evaluation-error.ts";
import { jsonPaths, pathVariables } from "../testing/path-arbitrary.ts";
import { startUpstream, type Upstream } from "../testing/upstream.ts";
import { JSONPATH_FUNCTIONS, JSONPATH_SETS } from "./functions.ts";

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const CASES = 600 * runsMultiplier();

const TEXTS = fc.constantFrom(
  "a",
  "two",
  "1",
  "1.5",
  " 12 ",
  "true",
  "off",
  "2020-02-29",
  "12:34:56",
  "2020-02-29T12:34:56.5",
  "x\ny",
);
const NUMBERS = fc.constantFrom(
  "0",
  "1",
  "-1",
  "1.0",
  "1.50",
  "2",
  "3",
  "1e3",
  "2147483648",
  "9223372036854775808",
  "-0.5",
);

/** Documents over few keys, so that paths lead somewhere. */
const { document } = fc.letrec<{ document: string; member: string }>((tie) => ({
  document: fc.oneof(
    { depthSize: "medium", maxDepth: 4 },
    NUMBERS,
    TEXTS.map((text) => JSON.stringify(text)),
    fc.constantFrom("null", "true", "false"),
    { weight: 4, arbitrary: fc.array(tie("document"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`) },
    { weight: 6, arbitrary: fc.array(tie("member"), { maxLength: 4 }).map((items) => `{${items.join(",")}}`) },
  ),
  member: fc
    .tuple(fc.constantFrom("a", "b", "c", "d", ""), tie("document"))
    .map(([key, value]) => `${JSON.stringify(key)}: ${value}`),
}));

const VERSION_17 = 170_000;
const NEW_METHOD = /\.(bigint|boolean|integer|number|string|decimal|date|time|timestamp)\(/;

interface Case {
  readonly document: string;
  readonly path: string;
  readonly variables: string;
  readonly silent: boolean;
}

/** The forms in which PostgreSQL gives them: as its text and as it prints the path. */
interface Printed {
  readonly document: string;
  readonly path: string;
  readonly variables: string;
}

async function printed(cases: readonly Case[]): Promise<Printed[]> {
  return upstream.query<Printed>(
    `SELECT d::jsonb::text AS document, p::jsonpath::text AS path, v::jsonb::text AS variables
     FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS t(d, p, v, n) ORDER BY n`,
    [cases.map((item) => item.document), cases.map((item) => item.path), cases.map((item) => item.variables)],
  );
}

/** Text of the result, null, `!SQLSTATE`, or undefined where it is left to PostgreSQL. */
function outcome(evaluate: () => Value | null): string | null | undefined {
  try {
    const value = evaluate();
    return typeof value === "boolean" ? String(value) : (value as string | null);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.declined ? undefined : `!${error.code}`;
  }
}

const FORMS = ["exists", "match", "query_array", "query_first", "query"] as const;

function sqlOf(form: (typeof FORMS)[number], { document: json, path, variables, silent }: Case): string {
  const args = `${pg.escapeLiteral(json)}, ${pg.escapeLiteral(path)}, ${pg.escapeLiteral(variables)}, ${silent}`;
  if (form === "query")
    return `(SELECT string_agg(r::text, '|' ORDER BY n) FROM jsonb_path_query(${args}) WITH ORDINALITY AS f(r, n))`;
  return `jsonb_path_${form}(${args})::text`;
}

function ownOf(form: (typeof FORMS)[number], item: Printed, silent: boolean): string | null | undefined {
  const args = [item.document, item.path, item.variables, silent] as const;
  if (form !== "query") return outcome(() => must(JSONPATH_FUNCTIONS[`jsonb_path_${form}`])(...args));
  return outcome(() => {
    const rows = [...must(JSONPATH_SETS["jsonb_path_query"])(...args)] as string[];
    return rows.length === 0 ? null : rows.join("|");
  });
}

test("random paths on random documents give PostgreSQL's items or its SQLSTATE", async () => {
  const made = fc.record({ document, path: jsonPaths, variables: pathVariables, silent: fc.boolean() });
  const all = fc.sample(made, { numRuns: CASES, seed: SEED });
  const cases = upstream.serverVersion < VERSION_17 ? all.filter(({ path }) => !NEW_METHOD.test(path)) : all;
  const known = await printed(cases);
  const seen = { items: 0, errors: 0, declined: 0 };
  const wrong: string[] = [];
  for (const form of FORMS) {
    const expected = await upstream.outcomes(cases.map((item) => sqlOf(form, item)));
    cases.forEach((item, at) => {
      const own = ownOf(form, must(known[at]), item.silent);
      if (own === undefined) seen.declined++;
      else if (own !== expected[at]) wrong.push(`${sqlOf(form, item)}: expected ${expected[at]}, got ${own}`);
      else if (own?.startsWith("!") === true) seen.errors++;
      else if (own !== null && own !== "[]") seen.items++;
    });
  }
  const count = FORMS.length * cases.length;
  expect(wrong.slice(0, 40), `seed ${SEED}: ${wrong.length} of ${count} differ`).toEqual([]);
  expect(seen.items, `seed ${SEED}`).toBeGreaterThan(count / 4);
  expect(seen.errors, `seed ${SEED}`).toBeGreaterThan(count / 50);
  expect(seen.declined, `seed ${SEED}: ${seen.declined} of ${count} are declined`).toBeLessThan(count / 10);
});
