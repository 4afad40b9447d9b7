import { afterAll, beforeAll, expect, test } from "vitest";
import { PlannedAnswers } from "../testing/planned-answers.ts";

const TABLES = ["parent", "child"];

const SCHEMA = `
  CREATE TABLE parent (id int4 PRIMARY KEY, "the ""name""" text COLLATE "C");
  CREATE TABLE child (id int4 PRIMARY KEY, parent int4, note text COLLATE "C", amount numeric);
  CREATE TYPE mixed AS (a bool, b int8, gone int4, c text, d numeric, e "char", f timestamptz, g varchar, h jsonb, i uuid);
  ALTER TYPE mixed DROP ATTRIBUTE gone;
  CREATE TYPE wide AS (a "char", b interval, c inet, d timetz, e bytea, f int2, g float8, h date);
  CREATE TYPE nested AS (a int4, b mixed);
  INSERT INTO parent VALUES (1, 'a'), (2, NULL), (3, 'say "x"'), (4, 'd');
  INSERT INTO child VALUES (1, 1, 'a', 1.50), (2, 1, NULL, NULL), (3, 3, 'b', 'NaN'), (4, NULL, '', 7);`;

let answers: PlannedAnswers;

beforeAll(async () => {
  answers = await PlannedAnswers.start(SCHEMA, TABLES);
});

afterAll(() => answers.stop());

const JOINED = "parent p LEFT JOIN child c ON c.parent = p.id";

const QUERIES = [
  "SELECT row_to_json(p) FROM parent p",
  "SELECT to_jsonb(c) FROM child c",
  `SELECT p.id, row_to_json(c) FROM ${JOINED}`,
  `SELECT p.id, json_agg(c ORDER BY c.id) FROM ${JOINED} GROUP BY p.id`,
  `SELECT p.id, jsonb_agg(c ORDER BY c.id) FROM ${JOINED} GROUP BY p.id`,
  `SELECT p.id, coalesce(json_agg(row_to_json(c) ORDER BY c.id) FILTER (WHERE c.id IS NOT NULL), '[]') FROM ${JOINED} GROUP BY p.id`,
  "SELECT json_object_agg(p.id, p ORDER BY p.id), jsonb_object_agg(p.id, p) FROM parent p",
  "SELECT p.id, (SELECT json_agg(c ORDER BY c.id) FROM child c WHERE c.parent = p.id) FROM parent p",
  "SELECT json_build_object('parent', p, 'of', jsonb_build_array(p)) FROM parent p",
  `SELECT p.id FROM ${JOINED} WHERE c IS NULL`,
  `SELECT p.id, c.id FROM ${JOINED} WHERE c IS NOT NULL`,
  `SELECT p.id, c.id, c IS NULL, c IS NOT NULL, NOT (c IS NULL), ROW(p.id, c.id) IS NULL FROM ${JOINED}`,
  `SELECT p.id, c FROM ${JOINED}`,
  "SELECT p.id FROM parent p WHERE p = ROW(1, 'a')::parent OR p IS NOT DISTINCT FROM ROW(2, NULL)::parent",
  `SELECT p.id, (p.id, p."the ""name""") IS DISTINCT FROM (c.parent, c.note) FROM ${JOINED}`,
  'SELECT p.id FROM parent p WHERE (p.id, p."the ""name""") IN (SELECT c.parent, c.note FROM child c)',
  "SELECT a.id, b.id FROM child a, child b WHERE (a.amount, a.note) < (b.amount, b.note)",
  "SELECT p.id FROM parent p WHERE p = '(1,a)'::parent OR p IS NOT DISTINCT FROM '(2,)'::parent",
  `SELECT '(,)'::parent, '(7,)'::parent, '(,x)'::parent, '(1,"a b")'::parent, ('(8,y)'::parent).id FROM parent`,
  `SELECT '(t,-5,äöü,1.50,x,2024-02-29 12:00:00+00,v,"{""k"": [1, null]}",00000000-0000-0000-0000-00000000000f)'::mixed`,
  "SELECT '(,1,,,,,,,)'::mixed, '(f,,x,,y,,,,)'::mixed, '(,,,NaN,,,,[],)'::mixed",
  `SELECT '(t,9,${"long ".repeat(40)},-0.001,,infinity,,,)'::mixed`,
  String.raw`SELECT '(z,1 day 02:03,10.0.0.1/8,12:00:00+02,\\x0102,-3,-0,2000-01-01)'::wide, '(,,,,,7,,)'::wide`,
  "SELECT max(c.id), count(c), count(DISTINCT c) FROM child c",
];

test.each(QUERIES)("%s", async (text) => {
  const asked = await answers.asked(text);
  expect(asked).not.toBe("an error");
  expect(await answers.planned(text)).toEqual(asked);
});

test("rows within rows are refused as JSON: their names are not part of the plan", async () => {
  await answers.client.query(
    "CREATE TYPE wrapped AS (p parent); CREATE TABLE wrapping (id int4 PRIMARY KEY, w wrapped)",
  );
  await expect(answers.planned("SELECT to_json(w) FROM wrapping")).rejects.toThrow("rows in it");
});

test("constants of composites within composites are refused", async () => {
  await expect(answers.planned("SELECT '(1,)'::nested FROM parent")).resolves.toHaveLength(4);
  await expect(answers.planned(`SELECT '(1,"(t,,,,,,,,)")'::nested FROM parent`)).rejects.toThrow("constants of type");
});
