import { FreshetError } from "@freshet/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planLines } from "../plan/plan-lines.ts";
import { AnalysisDatabase } from "../testing/analysis-database.ts";
import { PLANNED, REFUSED, SCHEMA, WRITTEN } from "../testing/plan-cases.ts";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { type PlannedStatement, planStatement } from "./plan-statement.ts";

let database: AnalysisDatabase;
let connection: AnalysisConnection;
let names: ReadonlyMap<number, string>;

beforeAll(async () => {
  database = await AnalysisDatabase.start(SCHEMA);
  ({ connection } = database);
  names = await database.names();
});

afterAll(() => database.stop());

function plan(text: string, liftLiterals = true): Promise<PlannedStatement> {
  return planStatement(connection, { text, searchPath: ["public"], liftLiterals });
}

const nameOf = (oid: number): string => names.get(oid) ?? String(oid);

/** What matters of a planned statement, without OIDs that differ between databases. */
function summary(planned: PlannedStatement): object {
  const { plan: query, slots, notes, parameterTypes } = planned;
  return {
    plan: planLines(query.plan, { table: nameOf }),
    result: query.result.map((column) => `${column.name} ${nameOf(column.typeOid)}`).join(", "),
    parameters: query.parameters.map(({ type, list }) => `${nameOf(type.typeOid)}${list ? " list" : ""}`),
    equality: query.equality.map(({ column, parameter }) => `#${column} = $${parameter}`),
    range: JSON.stringify(query.range),
    sort: query.sort.map(
      (key) => `#${key.column}${key.descending ? " desc" : ""}${key.nullsFirst ? " nulls first" : ""}`,
    ),
    limit: JSON.stringify([query.limit, query.offset]),
    resultKey: JSON.stringify(query.resultKey),
    missingKeyRow: query.missingKeyRow,
    tables: query.tables.map((table) => `${table.schema}.${table.name}`),
    privileges: query.privileges.map(
      ({ relation, attributes, role, named }) =>
        `${nameOf(relation)} (${attributes.join(", ")})${role === null ? "" : " by the owner"}${named ? "" : " unnamed"}`,
    ),
    slots: slots.map((slot) =>
      slot.kind === "fixed" ? `fixed ${slot.items.map((item) => item.text).join()}` : `$${slot.parameter}`,
    ),
    parameterTypes: parameterTypes.map(nameOf),
    notes,
  };
}

async function refusal(text: string, liftLiterals = true): Promise<FreshetError> {
  const outcome = await plan(text, liftLiterals).catch((error: unknown) => error);
  if (outcome instanceof FreshetError) return outcome;
  throw new Error(`not refused: ${text} (${outcome instanceof Error ? outcome.message : "planned"})`);
}

describe("planStatement", () => {
  it.each(PLANNED)("plans %s", async (text) => {
    expect(summary(await plan(text))).toMatchSnapshot();
  });

  it.each(WRITTEN)("plans for a write-back table %s", async (text) => {
    const planned = await plan(text, false);
    expect(planned.plan.parameters).toEqual([]);
    expect(planned.plan.limit).toBeNull();
    expect(planned.slots.every((slot) => slot.kind === "fixed")).toBe(true);
    expect(summary(planned)).toMatchSnapshot();
  });

  it.each(REFUSED)("refuses %s: %s", async (text, code, reason) => {
    const error = await refusal(text);
    expect(error.message).toContain(reason);
    expect(error.code).toBe(code);
  });

  it("refuses parameters where the result goes to a table", async () => {
    const error = await refusal("select id from orders where id = $1", false);
    expect(error.code).toBe("0A000");
  });

  it("leaves no transaction and nothing in the database behind, also after an error", async () => {
    await plan("select count(*) from orders where customer_id = 5");
    await refusal("select 1 / count(*) from orders where customer_id = 5");
    await refusal("select nope from orders");
    const rows = await connection.query(`SELECT
      (SELECT count(*) FROM pg_proc WHERE proname LIKE 'freshet%'), (SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'freshet%'),
      now() = statement_timestamp()`);
    expect(rows).toEqual([["0", "0", "t"]]);
  });

  it("looks names up in the schemas of the request", async () => {
    const text = "select id from orders";
    const planned = await planStatement(connection, {
      text,
      searchPath: ["Other Schema", "public"],
      liftLiterals: true,
    });
    expect(planned.plan.tables).toMatchObject([{ schema: "Other Schema", name: "orders" }]);
  });

  it("describes columns as PostgreSQL does", async () => {
    const { plan: query } = await plan("select o.total, o.note as n, 1 as one from orders o");
    const described = await connection.describe("select o.total, o.note as n, 1 as one from orders o");
    expect(query.result.map(({ collation: _collation, ...column }) => column)).toEqual(
      described.columns.map(({ collation: _collation, ...column }) => column),
    );
  });

  it("keeps labels of enums and element types of arrays with the plan", async () => {
    const { plan: query } = await plan("select mood, tags from customers, orders");
    expect(query.types).toContainEqual({
      oid: expect.any(Number) as number,
      name: "mood",
      kind: "enum",
      labels: ["sad", "ok", "happy"],
    });
    expect(query.types).toContainEqual({ oid: 1009, name: "_text", kind: "array", elementOid: 25 });
    expect(query.collations).toMatchObject([{ oid: 100, deterministic: true }]);
  });

  it("is plain JSON", async () => {
    const { plan: query } = await plan(
      "select mood, count(*) from customers where name > $1 and mood = 'ok' group by 1, name",
    );
    expect(JSON.parse(JSON.stringify(query))).toEqual(query);
  });
});
