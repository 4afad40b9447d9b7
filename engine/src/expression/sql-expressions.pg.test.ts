import { must, runsMultiplier, sampleSeed } from "@freshet/base";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { analysisConnection } from "../testing/analysis-connection.ts";
import { evaluatePlanned, planExpression } from "./testing/planned-expressions.ts";
import { COLUMNS, SQL_EXPRESSIONS } from "./testing/sql-expressions.ts";
import { hexSql, literalSql, startUpstream } from "./testing/upstream.ts";
import type { Upstream, UpstreamType } from "./testing/upstream.ts";
import { valuesOf } from "./testing/value-pools.ts";

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const ROWS = 40 * runsMultiplier();

function typeOf(name: string): UpstreamType {
  return must(upstream.types.get(name), `type ${name}`);
}

/** Fills the table with random rows; returns them in binary form, columns in order. */
async function fillTable(): Promise<(Buffer | null)[][]> {
  const names = Object.entries(COLUMNS);
  const columns = names.map(([name, type]) => `${name} ${type}`);
  await upstream.query(`CREATE TABLE pool (id int PRIMARY KEY, ${columns.join(", ")})`);
  const sample = fc.sample(fc.tuple(...names.map(([, type]) => valuesOf(type))), { numRuns: ROWS, seed: SEED });
  const rows = sample.map((texts, id) => {
    const literals = texts.map((text, at) => literalSql({ type: typeOf(must(names[at])[1]), text }));
    return `(${[id, ...literals].join(", ")})`;
  });
  await upstream.query(`INSERT INTO pool VALUES ${rows.join(", ")}`);
  const hexes = names.map(([name, type]) => `${hexSql(name, typeOf(type))} AS ${name}`);
  const found = await upstream.query<Record<string, string | null>>(`SELECT ${hexes.join(", ")} FROM pool ORDER BY id`);
  return found.map((row) => names.map(([name]) => bytesOf(row[name] ?? null)));
}

function bytesOf(hex: string | null): Buffer | null {
  return hex === null ? null : Buffer.from(hex, "hex");
}

/** An expression that only ever declines would be no use. */
const DECLINES_EXPECTED_BELOW = 0.6;

test("expressions as PostgreSQL analyses them give its bytes or its SQLSTATE", async () => {
  const rows = await fillTable();
  const connection = analysisConnection(upstream.client);
  const wrong: string[] = [];
  for (const sql of SQL_EXPRESSIONS) {
    const planned = await planExpression(connection, "pool", sql);
    if (typeof planned === "string") {
      wrong.push(`${sql}: ${planned}`);
      continue;
    }
    const evaluate = evaluatePlanned(planned, upstream.codecs);
    const result = must([...upstream.types.values()].find(({ oid }) => oid === planned.expression.type.typeOid));
    const outcomes = await upstream.outcomes(rows.map((_, id) => `${hexSql(sql, result)} FROM pool WHERE id = ${id}`));
    let declines = 0;
    rows.forEach((row, id) => {
      const actual = evaluate([null, ...row]);
      if (actual === "declined") declines++;
      else if (actual !== outcomes[id]) wrong.push(`${sql}, row ${id}: expected ${outcomes[id]}, got ${actual}`);
    });
    if (declines > rows.length * DECLINES_EXPECTED_BELOW) wrong.push(`${sql}: ${declines} of ${rows.length} declined`);
  }
  expect(wrong.slice(0, 60), `seed ${SEED}`).toEqual([]);
});
