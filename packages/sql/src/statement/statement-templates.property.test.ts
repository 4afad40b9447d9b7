import process from "node:process";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../parser/load-parser.ts";
import { inspectStatement } from "./inspect-statement.ts";
import type { StatementInfo } from "./shape.ts";
import { StatementTemplates } from "./statement-templates.ts";

const numRuns = 200 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);

beforeAll(loadParser);

const integer = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom("0", "00", "007", "1", "2147483647", "2147483648", "4294967296", "9223372036854775808"),
);
const string = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 8 }).filter((text) => !text.includes("\0")),
  fc.constantFrom("", "'", "''", "a'b", "--", "/*", "$1", "$$", "\\", "é", "x'\n'y", "true", "5", "\u0005"),
);
const quoted = string.map((text) => `'${text.replaceAll("'", "''")}'`);
const decimal = fc.oneof(
  fc.tuple(fc.nat(999), fc.nat(99_999)).map(([whole, part]) => `${whole}.${part}`),
  fc.constantFrom("0.0", "1.50", "00.5", "5.", ".5", "1e5", "1.5e3"),
);
const odd = fc.constantFrom(
  "E'a'",
  "$$x$$",
  "N'x'",
  "x'1f'",
  "0x1F",
  "1_000",
  "NULL",
  "$1",
  "'a'\n'b'",
  "'a' --c\n'b'",
);
const literal = fc.oneof(
  { weight: 4, arbitrary: integer },
  { weight: 4, arbitrary: quoted },
  { weight: 2, arbitrary: decimal },
  { weight: 1, arbitrary: odd },
  { weight: 1, arbitrary: fc.constantFrom("true", "FALSE") },
);
/** Frames whose `?` are filled with literals; several of one kind follow each other in a run. */
const frame = fc.constantFrom(
  "SELECT a FROM t WHERE id = ?",
  "select a from t where id = ?;",
  "  SELECT  a FROM t\n WHERE id=? AND b=-? ",
  "SELECT a FROM t WHERE id = - ?",
  "SELECT a FROM t WHERE id = -(?) AND b < ?",
  "SELECT a FROM t WHERE id = - - ?",
  "SELECT a, ? AS x FROM t WHERE id = ? AND b = ?",
  "SELECT a FROM t WHERE b IN (?, ?,-?) AND c = ?",
  "SELECT a FROM t WHERE b IN (true, ?) LIMIT ? OFFSET ?",
  "SELECT a FROM t WHERE b BETWEEN ? AND ? ORDER BY ? LIMIT -?",
  "SELECT a FROM t WHERE b = ?::int AND c = date ? AND d = cast(? AS float(?))",
  'SELECT "a""b?" FROM "t" WHERE t1 = ? AND "b" = ? GROUP BY a HAVING count(*) > ?',
  "SELECT a FROM t WHERE (b = ? OR c = ?) AND d -? = ?",
  "SELECT a FROM t WHERE b = ?-? AND c = ? AND lower(d) = ?",
  "SELECT a FROM t WHERE b = ? -- x\n AND c = ?",
  "WITH w AS (SELECT ? AS z) SELECT * FROM w WHERE z = ? UNION SELECT ?",
  "SELECT a FROM t WHERE b = ? FOR UPDATE",
  "SELECT a FROM t WHERE b = ?; SELECT ?",
  "SELECT a FROM t WHERE b = ? AND",
  "SELECT interval ?, a[?] FROM t WHERE b = ?",
  "SELECT U&? FROM t WHERE a = ?",
  "INSERT INTO t (a, b) VALUES (?, -?), (?, ?)",
  "UPDATE t SET a = ?, b = b + ? WHERE c = ?",
  "DELETE FROM t WHERE c = ? RETURNING ?",
);

function fill(text: string, literals: readonly string[]): string {
  let next = 0;
  return text.replaceAll("?", () => literals[next++ % literals.length] ?? "1");
}

/** With all that is made only when it is asked for. */
function spelledOut(info: StatementInfo | null): StatementInfo | null {
  if (info?.shape == null) return info;
  const { shapeKey, slots, parameterCount, text } = info.shape;
  return { ...info, shape: { shapeKey, slots, parameterCount, text } };
}

describe("StatementTemplates", () => {
  it("says what inspectStatement says, or nothing", () => {
    const templates = new StatementTemplates(40);
    let derived = 0;
    fc.assert(
      fc.property(
        frame,
        fc.array(fc.array(literal, { minLength: 4, maxLength: 4 }), { maxLength: 6 }),
        (text, runs) => {
          for (const literals of runs) {
            const whole = fill(text, literals);
            const info = templates.inspect(whole);
            if (info === null) continue;
            derived++;
            expect(spelledOut(info)).toEqual(inspectStatement(whole));
          }
        },
      ),
      { numRuns },
    );
    expect(derived).toBeGreaterThan(0);
  });

  it("derives texts of one kind from the first", () => {
    const templates = new StatementTemplates(10);
    fc.assert(
      fc.property(frame, fc.array(fc.tuple(integer, quoted), { minLength: 2, maxLength: 5 }), (text, runs) => {
        for (const [number, word] of runs) {
          const whole = fill(text, [number, word, word, number]);
          const info = templates.inspect(whole);
          if (info !== null) expect(spelledOut(info)).toEqual(inspectStatement(whole));
        }
      }),
      { numRuns },
    );
  });

  it.each([
    ["SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 23"],
    ["SELECT a FROM t WHERE b = -1 AND c = 'x'", "SELECT a FROM t WHERE b = -23 AND c = 'it''s'"],
    ["SELECT a FROM t WHERE b IN (1, 2) LIMIT 3;", "SELECT a FROM t WHERE b IN (4, 55) LIMIT 6;"],
    ["SELECT a, 'x' FROM t WHERE b = 1.5", "SELECT a, 'x' FROM t WHERE b = 17.25"],
  ])("knows %s from the other", (first, second) => {
    const templates = new StatementTemplates(10);
    expect(spelledOut(templates.inspect(first))).toEqual(inspectStatement(first));
    expect(spelledOut(templates.inspect(second))).toEqual(inspectStatement(second));
  });

  it("keeps constants outside of slots apart", () => {
    const templates = new StatementTemplates(10);
    const [one, two, again] = ["'x'", "'y'", "'x'"].map((constant) =>
      templates.inspect(`SELECT a, ${constant} FROM t WHERE b = 7`),
    );
    expect(one?.shape?.shapeKey).not.toBe(two?.shape?.shapeKey);
    expect(one?.shape?.shapeKey).toBe(again?.shape?.shapeKey);
  });

  it.each([
    "SELECT a FROM t WHERE b = $1 AND c = 2",
    "SELECT 1 -- x",
    "SELECT E'a'",
    "SELECT '\\'",
    "SHOW x",
    "SELECT é",
  ])("leaves %s to the parser", (text) => {
    expect(new StatementTemplates(10).inspect(text)).toBeNull();
  });
});
