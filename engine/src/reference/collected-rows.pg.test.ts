import { afterAll, beforeAll, expect, test } from "vitest";
import { PlannedAnswers } from "../testing/planned-answers.ts";

const SCHEMA = `
  CREATE TABLE item (id int4 PRIMARY KEY, g int4, name text COLLATE "C", tags int4[], doc jsonb, span int4range);
  INSERT INTO item VALUES
    (1, 1, 'a', '{1,2}', '{"k": 1, "b": {"x": [1]}}', '[1,3)'), (2, 1, NULL, '{}', '{}', '[2,9)'),
    (3, 1, 'b', NULL, NULL, NULL), (4, 2, '', '{3,NULL}', '{"k": null, "z": "t"}', '[5,6)'),
    (5, 2, 'a', '{7}', '{"a": true}', 'empty'), (6, NULL, 'c', '{{1,2},{3,4}}', '{"q": 1.50}', '(,4)');`;

let answers: PlannedAnswers;

beforeAll(async () => {
  answers = await PlannedAnswers.start(SCHEMA, ["item"]);
});

afterAll(() => answers.stop());

const OVER_WINDOWS = [
  "string_agg(name, '-')",
  "string_agg(name, name)",
  "array_agg(name)",
  "array_agg(id) FILTER (WHERE id <> 3)",
  "json_agg(doc)",
  "jsonb_agg(name)",
  "json_agg(item)",
  "json_object_agg(id, tags)",
  "jsonb_object_agg(coalesce(name, '?'), g)",
  "range_agg(span)",
  "range_intersect_agg(span)",
].flatMap((call) =>
  [
    "()",
    "(ORDER BY id)",
    "(PARTITION BY g ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)",
    "(ORDER BY id ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING EXCLUDE CURRENT ROW)",
    "(ORDER BY id RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)",
    "(PARTITION BY g ORDER BY id GROUPS 1 PRECEDING EXCLUDE TIES)",
  ]
    // Without an order what is collected comes in any.
    .filter((window) => window !== "()" || call.startsWith("range"))
    .map((window) => `SELECT id, ${call} OVER ${window} FROM item`),
);

const SETS = [
  "SELECT g, unnest(array_agg(name ORDER BY id)) FROM item GROUP BY g",
  "SELECT g, unnest(array_agg(name ORDER BY id)), generate_series(1, count(*)), count(*) FROM item GROUP BY g",
  "SELECT unnest(array_agg(id ORDER BY id)) + generate_series(1, max(g)) FROM item GROUP BY g",
  "SELECT generate_series(1, unnest(array_agg(id))) FROM item GROUP BY g",
  "SELECT generate_series(1, g), count(*) FROM item GROUP BY g",
  "SELECT generate_series(1, 2), count(*) FROM item",
  "SELECT unnest(tags), count(*), generate_series(1, count(*)) FROM item GROUP BY 1",
  "SELECT unnest(tags), generate_series(1, 3), sum(id) FROM item GROUP BY 1, 2",
  "SELECT id, unnest(tags), generate_series(1, count(*)) FROM item GROUP BY id",
  "SELECT DISTINCT unnest(array_agg(name)) FROM item GROUP BY g",
  "SELECT DISTINCT g, generate_series(1, count(*)) FROM item GROUP BY g HAVING count(*) > 1",
  "SELECT g, name, generate_series(1, count(*)) FROM item GROUP BY ROLLUP (g, name)",
  "SELECT g FROM item GROUP BY g ORDER BY unnest(array_agg(id))",
  "SELECT g, unnest(array_agg(id)) x FROM item GROUP BY g ORDER BY x DESC LIMIT 3",
  "SELECT g, generate_series(1, (SELECT count(*) FROM item b WHERE b.g = a.g)) FROM item a GROUP BY g",
  "SELECT g, (SELECT max(b.id) FROM item b WHERE b.g = a.g), generate_series(1, count(*)) FROM item a GROUP BY g",
  "SELECT a.id, s.x FROM item a, LATERAL (SELECT unnest(array_agg(b.name)) x FROM item b WHERE b.g = a.g) s",
  "SELECT a.id, s.x FROM item a, LATERAL (SELECT generate_series(1, count(*)) x FROM item b WHERE b.g = a.g) s",
  "SELECT id, 3 IN (SELECT unnest(array_agg(b.id)) FROM item b WHERE b.g = a.g) FROM item a",
  "SELECT (jsonb_each(doc)).* FROM item",
  "SELECT id, (jsonb_each_text(doc)).value, (jsonb_each_text(doc)).key, generate_series(1, 2) FROM item",
  "SELECT (json_each(doc::json)).key || '!', id FROM item",
  "SELECT (json_each_text(doc::json)).value FROM item WHERE g = 1",
  "SELECT (jsonb_each(doc)).key, count(*) FROM item GROUP BY 1",
  "SELECT g, (jsonb_each(jsonb_object_agg(id, name))).* FROM item GROUP BY g",
  "SELECT g, unnest(array_agg(1 / (id - 4))) FROM item GROUP BY g",
  "SELECT (jsonb_each(to_jsonb(id))).key FROM item",
];

test.each([...OVER_WINDOWS, ...SETS])("%s", async (text) => {
  expect(await answers.planned(text)).toEqual(await answers.asked(text));
});

test("rows of a set-returning function as values are refused", async () => {
  await expect(answers.planned("SELECT jsonb_each(doc) FROM item")).rejects.toThrow("as values");
});
