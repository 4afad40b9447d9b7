import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../parser/load-parser.ts";
import { inspectStatement } from "./inspect-statement.ts";
import type { SelectShape, SlotItem } from "./shape.ts";

beforeAll(loadParser);

function shapeOf(text: string): SelectShape {
  const { shape } = inspectStatement(text);
  if (shape === null) throw new Error(`no shape: ${text}`);
  return shape;
}

function written(item: SlotItem): string {
  return item.kind === "parameter" ? `$${item.number}` : `${item.literal.kind}:${item.literal.text}`;
}

/** `role items` of each slot, checked against the text at its range. */
function slots(text: string): readonly string[] {
  const shape = shapeOf(text);
  const bytes = Buffer.from(shape.text);
  return shape.slots.map(({ role, items, start, end }) => {
    return `${role} ${items.map(written).join(",")} at ${bytes.subarray(start, end).toString()}`;
  });
}

const where = (condition: string): readonly string[] => slots(`SELECT * FROM t WHERE ${condition}`);

describe("equality and range slots", () => {
  it("takes a column compared with a literal or a parameter, either way round", () => {
    expect(where("a = 1 AND t.b = $1 AND 'x' = c AND $2 < d AND e >= 1.5")).toEqual([
      "equality integer:1 at 1",
      "equality $1 at $1",
      "equality string:x at 'x'",
      "range $2 at $2",
      "range decimal:1.5 at 1.5",
    ]);
  });

  it("takes both ends of BETWEEN", () => {
    expect(where("a BETWEEN 1 AND $1")).toEqual(["range integer:1 at 1", "range $1 at $1"]);
    expect(where("a BETWEEN b AND 5")).toEqual(["range integer:5 at 5"]);
    expect(where("a NOT BETWEEN 1 AND 2 AND b BETWEEN SYMMETRIC 1 AND 2")).toEqual([]);
  });

  it("reads literals of every spelling", () => {
    expect(where("a = -5 AND a = - ( 6 ) AND a = (7) AND a = 0x1F AND a = 1_000 AND a = 0 AND a = -0")).toEqual([
      "equality integer:-5 at -5",
      "equality integer:-6 at - ( 6 )",
      "equality integer:7 at 7",
      "equality integer:31 at 0x1F",
      "equality integer:1000 at 1_000",
      "equality integer:0 at 0",
      "equality integer:0 at -0",
    ]);
    expect(
      where("a = 9_999_999_999 AND a = -0xFFFFFFFFFF AND a = 00099999999999 AND a = 1e3 AND a = -.5 AND a = 1_0.5"),
    ).toEqual([
      "equality integer:9999999999 at 9_999_999_999",
      "equality integer:-1099511627775 at -0xFFFFFFFFFF",
      "equality integer:99999999999 at 00099999999999",
      "equality decimal:1e3 at 1e3",
      "equality decimal:-.5 at -.5",
      "equality decimal:10.5 at 1_0.5",
    ]);
    expect(where("a = E'x\\ny' AND b = $$it's$$ AND c = U&'!0061' UESCAPE '!' AND d = TRUE AND e = 'x'\n'y'")).toEqual([
      "equality string:x\ny at E'x\\ny'",
      "equality string:it's at $$it's$$",
      "equality string:a at U&'!0061' UESCAPE '!'",
      "equality boolean:true at TRUE",
      "equality string:xy at 'x'\n'y'",
    ]);
  });

  it("looks through nested ANDs only", () => {
    expect(where("a = 1 AND (b = 2 AND (c = 3))")).toHaveLength(3);
    expect(where("a = 1 OR b = $1")).toEqual(["other $1 at $1"]);
    expect(where("NOT (a = $1) AND b = 2")).toEqual(["other $1 at $1", "equality integer:2 at 2"]);
  });

  it("leaves everything that is not a plain literal in the key", () => {
    const conditions = [
      "a = NULL",
      "a = date '2020-01-01'",
      "a = '1'::int",
      "a = +5",
      "a = 1 + 1",
      "a = b'1'",
      "a <> 1",
      "a LIKE 'x%'",
      "a OPERATOR(pg_catalog.=) 1",
      "(a, b) = (1, 2)",
      "a = 'x' COLLATE \"C\"",
      "1 = 2",
      "a = (SELECT 1)",
      "a IS NOT DISTINCT FROM 1",
    ];
    expect(conditions.filter((condition) => where(condition).length > 0)).toEqual([]);
  });

  it("gives parameters in such places the role other", () => {
    expect(where("a = $1::int AND a <> $2 AND 1 = $3 AND $4 = $5 AND a = (SELECT $6)")).toEqual([
      "other $1 at $1",
      "other $2 at $2",
      "other $3 at $3",
      "other $4 at $4",
      "other $5 at $5",
      "other $6 at $6",
    ]);
  });

  it("takes expressions over columns as the other side, with a literal only when they hold none", () => {
    expect(where("lower(a) = $1 AND a || 'x' = $2 AND lower(b) = 'y' AND a::date = $3")).toEqual([
      "equality $1 at $1",
      "equality $2 at $2",
      "equality string:y at 'y'",
      "equality $3 at $3",
    ]);
    expect(where("a % 10 = 3 AND (SELECT a) = $1 AND (a = b) = $2 AND f($3) = $4")).toEqual([
      "other $1 at $1",
      "other $2 at $2",
      "other $3 at $3",
      "other $4 at $4",
    ]);
  });
});

describe("list and array slots", () => {
  it("takes an IN list of literals and parameters", () => {
    expect(where("a IN (1, $2 , 'x') AND b = ANY ($1)")).toEqual([
      "list integer:1,$2,string:x at (1, $2 , 'x')",
      "array $1 at $1",
    ]);
  });

  it("leaves other lists alone", () => {
    expect(where("a NOT IN (1, $1)")).toEqual(["other $1 at $1"]);
    expect(where("a IN (1, b, $1)")).toEqual(["other $1 at $1"]);
    expect(where("a IN (1, NULL)")).toEqual([]);
    expect(where("a IN (SELECT $1)")).toEqual(["other $1 at $1"]);
    expect(where("a = ANY ($1::int[]) AND a = ALL ($2) AND a = ANY ('{1}')")).toEqual([
      "other $1 at $1",
      "other $2 at $2",
    ]);
  });

  it("knows where the list's IN begins", () => {
    const shape = shapeOf("SELECT 'é' FROM t WHERE a in (1)");
    const [slot] = shape.slots;
    expect(Buffer.from(shape.text).subarray(slot?.listStart).toString()).toBe("in (1)");
  });
});

describe("slots in ON", () => {
  const on = (from: string): readonly string[] => slots(`SELECT * FROM ${from}`);

  it("are those of parameters in inner joins that no outer join may pad", () => {
    expect(on("t JOIN u ON u.a = t.a AND u.b = $1 AND $2 < t.c AND u.d IN ($3, $4) AND t.e = ANY ($5)")).toEqual([
      "equality $1 at $1",
      "range $2 at $2",
      "list $3,$4 at ($3, $4)",
      "array $5 at $5",
    ]);
    expect(on("(t JOIN u ON u.a = $1) LEFT JOIN v ON v.a = t.a")).toEqual(["equality $1 at $1"]);
    expect(on("v RIGHT JOIN (t JOIN u ON u.a = $1) ON v.a = t.a")).toEqual(["equality $1 at $1"]);
    expect(on("t, u JOIN v ON v.a = $1 CROSS JOIN w")).toEqual(["equality $1 at $1"]);
  });

  it("have no role where rows may be padded, or deeper within", () => {
    expect(on("t LEFT JOIN u ON u.a = $1")).toEqual(["other $1 at $1"]);
    expect(on("t LEFT JOIN (u JOIN v ON u.a = $1) ON true")).toEqual(["other $1 at $1"]);
    expect(on("(t JOIN u ON u.a = $1) RIGHT JOIN v ON true")).toEqual(["other $1 at $1"]);
    expect(on("(t JOIN u ON u.a = $1) FULL JOIN v ON v.a = t.a")).toEqual(["other $1 at $1"]);
    expect(on("(SELECT t.a FROM t JOIN u ON u.a = $1) s")).toEqual(["other $1 at $1"]);
  });

  it("hold no literals, which stay part of the plan", () => {
    expect(on("t JOIN u ON u.a = 1 AND u.b = 'x' AND t.c > 2")).toEqual([]);
    expect(on("t JOIN u ON u.a IN (1, $1)")).toEqual(["other $1 at $1"]);
  });
});

describe("limit and offset slots", () => {
  it("takes row counts and parameters", () => {
    expect(slots("SELECT * FROM t LIMIT 10 OFFSET $1")).toEqual(["limit integer:10 at 10", "offset $1 at $1"]);
    expect(slots("SELECT * FROM t OFFSET 5 ROWS FETCH FIRST 3 ROWS ONLY")).toEqual([
      "offset integer:5 at 5",
      "limit integer:3 at 3",
    ]);
  });

  it("leaves the rest in the key", () => {
    expect(slots("SELECT * FROM t LIMIT ALL OFFSET -1")).toEqual([]);
    expect(slots("SELECT * FROM t FETCH FIRST ROW ONLY")).toEqual([]);
    expect(slots("SELECT * FROM t LIMIT '10'")).toEqual([]);
    expect(slots("SELECT * FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES")).toEqual([]);
    expect(slots("SELECT * FROM t LIMIT $1::int + 1")).toEqual(["other $1 at $1"]);
  });
});

describe("only the outermost SELECT has slots", () => {
  it("in set operations, sub-queries and WITH", () => {
    expect(slots("SELECT * FROM t WHERE a = $1 UNION SELECT 1 LIMIT 3")).toEqual(["other $1 at $1"]);
    expect(slots("SELECT * FROM (SELECT * FROM t WHERE a = $1 LIMIT 2) x WHERE b = 3")).toEqual([
      "other $1 at $1",
      "equality integer:3 at 3",
    ]);
    expect(slots("WITH x AS (SELECT 1 AS a WHERE 1 = $2) SELECT $1 FROM x WHERE a = 7 LIMIT 1")).toEqual([
      "other $2 at $2",
      "other $1 at $1",
      "equality integer:7 at 7",
      "limit integer:1 at 1",
    ]);
    expect(slots("SELECT a FROM t WHERE a = $1 GROUP BY a HAVING count(*) > $1 ORDER BY $2")).toEqual([
      "equality $1 at $1",
      "other $1 at $1",
      "other $2 at $2",
    ]);
  });
});

describe("shapeKey", () => {
  const key = (text: string): string => shapeOf(text).shapeKey;

  it("tells slots apart that come in another order, though the trees are the same", () => {
    const rest = "SELECT a FROM t ORDER BY a";
    expect(key(`${rest} LIMIT 5 OFFSET 900`)).toBe(key(`${rest} LIMIT 900 OFFSET 5`));
    expect(key(`${rest} LIMIT 5 OFFSET 900`)).not.toBe(key(`${rest} OFFSET 900 LIMIT 5`));
    expect(key(`${rest} LIMIT $1 OFFSET $2`)).not.toBe(key(`${rest} OFFSET $2 ROWS FETCH FIRST $1 ROWS ONLY`));
    expect(key(`${rest} OFFSET 900 LIMIT 5`)).toBe(key(`${rest} OFFSET 1 ROWS FETCH FIRST 2 ROWS ONLY`));
    expect(key("SELECT substring(a FROM $1 FOR $2) FROM t")).not.toBe(key("SELECT substring(a FOR $2 FROM $1) FROM t"));
  });
  const base = "SELECT a, 'x' AS b FROM t WHERE c = 1 AND d IN (1, 2) AND e > 'k' LIMIT 5";

  it("does not see what slots hold, nor layout", () => {
    expect(key(base)).toMatch(/^[0-9a-f]{32}$/);
    for (const text of [
      "SELECT a, 'x' AS b FROM t WHERE c = $9 AND d IN ('q') AND e > 3.5 LIMIT $1",
      "select A , E'\\x78' b from T/**/where c=true and d in($1,$2,$3)and e>-1 limit 0;",
    ]) {
      expect(key(text)).toBe(key(base));
    }
  });

  it("sees everything else", () => {
    const others = [
      "SELECT a, 'y' AS b FROM t WHERE c = 1 AND d IN (1, 2) AND e > 'k' LIMIT 5",
      "SELECT a, 'x' AS B2 FROM t WHERE c = 1 AND d IN (1, 2) AND e > 'k' LIMIT 5",
      "SELECT a, 'x' AS b FROM t u WHERE c = 1 AND d IN (1, 2) AND e > 'k' LIMIT 5",
      "SELECT a, 'x' AS b FROM ONLY t WHERE c = 1 AND d IN (1, 2) AND e > 'k' LIMIT 5",
      "SELECT a, 'x' AS b FROM t WHERE c = 1 AND d = 1 AND e > 'k' LIMIT 5",
      "SELECT a, 'x' AS b FROM t WHERE c = 1 AND d IN (1, 2) AND e >= 'k' LIMIT 5",
      "SELECT a, 'x' AS b FROM t WHERE c = 1 AND d IN (1, 2) AND 'k' > e LIMIT 5",
      "SELECT a, 'x' AS b FROM t WHERE c = 1 AND d IN (1, 2) AND e > 'k' OFFSET 5",
      "SELECT a, 'x' AS b FROM t WHERE c = 1 AND d IN (1, 2) AND e > 'k'",
      "SELECT a, 'x' AS b FROM t WHERE c = '1'::text AND d IN (1, 2) AND e > 'k' LIMIT 5",
      "SELECT a, 'x' AS b FROM t WHERE c = NULL AND d IN (1, 2) AND e > 'k' LIMIT 5",
      "SELECT DISTINCT a, 'x' AS b FROM t WHERE c = 1 AND d IN (1, 2) AND e > 'k' LIMIT 5",
    ];
    expect(new Set([base, ...others].map(key)).size).toBe(1 + others.length);
  });
});
