import { must } from "@freshet/base";
import { startPostgres, withClient, type PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_TEXT_SETTINGS, type Codec } from "./codec.ts";
import { createCodecs } from "./codec-set.ts";
import {
  askValues,
  formDifferences,
  inputDifferences,
  keyDifferences,
  type OracleValue,
  type SqlType,
} from "./testing/oracle.ts";
import * as samples from "./testing/samples.ts";
import { codecNamed, TYPE_CASES } from "./testing/type-cases.ts";

const MOODS = ["sad", "ok", "happy", 'it\'s "so" {so}', "NULL", "ünï,code"];
const settings = DEFAULT_TEXT_SETTINGS;

let server: PostgresServer;
let mood: Codec;
let moodArray: Codec;
let pair: Codec;

beforeAll(async () => {
  server = await startPostgres();
  await withClient(server, async (client) => {
    const [first = "", ...others] = MOODS.toReversed().map((label) => client.escapeLiteral(label));
    await client.query("DROP TYPE IF EXISTS freshet_mood");
    await client.query(`CREATE TYPE freshet_mood AS ENUM (${first})`);
    // Each before all that are there: the declared order is not the order of the labels' OIDs.
    for (const [index, label] of others.entries()) {
      const next = [first, ...others][index] ?? "";
      await client.query(`ALTER TYPE freshet_mood ADD VALUE ${label} BEFORE ${next}`);
    }
    const result = await client.query<{ oid: number; array: number }>(
      "SELECT oid, typarray AS array FROM pg_type WHERE typname = 'freshet_mood'",
    );
    const found = result.rows[0];
    if (found === undefined) throw new Error("the enum was not created");
    await client.query(
      'DROP TYPE IF EXISTS freshet_pair; CREATE TYPE freshet_pair AS (a numeric, b text COLLATE "C", c int4[])',
    );
    const composite = await client.query<{ oid: number }>("SELECT oid FROM pg_type WHERE typname = 'freshet_pair'");
    const codecs = createCodecs([
      { oid: must(composite.rows[0]).oid, name: "freshet_pair", kind: "composite", fieldOids: [1700, 25, 1007] },
      { oid: found.oid, name: "freshet_mood", kind: "enum", labels: MOODS },
      { oid: found.array, name: "_freshet_mood", kind: "array", elementOid: found.oid },
    ]);
    mood = must(codecs.get(found.oid));
    moodArray = must(codecs.get(found.array));
    pair = must(codecs.get(must(composite.rows[0]).oid));
  });
});

afterAll(() => server.stop());

async function ask(type: SqlType, inputs: readonly string[]): Promise<OracleValue[]> {
  return withClient(server, async (client) => {
    await client.query("SET timezone = 'UTC'; SET lc_monetary = 'C'");
    return askValues(client, type, inputs);
  });
}

/** One-dimensional without bounds: the arrays whose text is understood. */
function isReadBack(text: string): boolean {
  return !/^\[|^\{\{/.test(text);
}

describe(`against PostgreSQL, seed ${samples.SEED}`, () => {
  test.each(TYPE_CASES)("$codec: forms, order and equality", async (type) => {
    const values = await ask(type, type.inputs());
    const codec = codecNamed(type.codec);
    expect(formDifferences(codec, values, settings)).toEqual([]);
    const readable = type.codec.startsWith("_") ? values.filter(({ text }) => isReadBack(text)) : values;
    expect(type.shownOnly === true ? [] : inputDifferences(codec, readable, settings)).toEqual([]);
    expect(codec.hasEquality && type.sortable !== false ? keyDifferences(codec, values) : []).toEqual([]);
  });

  test("composites: forms, order and equality", async () => {
    const type = { name: "freshet_pair", send: "record_send" };
    const values = await ask(
      type,
      samples.records(["1", "1.0", "-2"], samples.texts().slice(0, 40), ["{}", "{1,2}", "{NULL}"]),
    );
    expect(formDifferences(pair, values, settings)).toEqual([]);
    expect(inputDifferences(pair, values, settings)).toEqual([]);
    expect(keyDifferences(pair, values)).toEqual([]);
  });

  test("enums: forms and the declared order", async () => {
    const values = await ask({ name: "freshet_mood", send: "enum_send" }, [...MOODS, "ok"]);
    expect(formDifferences(mood, values, settings)).toEqual([]);
    expect(inputDifferences(mood, values, settings)).toEqual([]);
    expect(keyDifferences(mood, values)).toEqual([]);
    const lists = await ask({ name: "freshet_mood[]", send: "array_send" }, samples.arrays(MOODS));
    expect(formDifferences(moodArray, lists, settings)).toEqual([]);
    expect(keyDifferences(moodArray, lists)).toEqual([]);
  });
});
