import process from "node:process";
import { FreshetError } from "@freshet/base";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { parseCommand } from "../command/parse-command.ts";
import { characterPosition, fromByteText, toByteText } from "../parser/byte-text.ts";
import { loadParser } from "../parser/load-parser.ts";
import { parseStatements } from "../parser/parse-statements.ts";
import { tokens } from "../parser/tokenizer.ts";
import { canonicalTree } from "../parser/tree.ts";
import { inspectStatement } from "./inspect-statement.ts";
import type { SelectShape } from "./shape.ts";
import { substituteSlots } from "./substitute-slots.ts";

const numRuns = 150 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);

beforeAll(loadParser);

/** A piece of a statement: its tokens; those of a slot's contents are marked. */
interface Piece {
  readonly text: string;
  readonly slot: boolean;
}

const fixedPiece = (text: string): Piece => ({ text, slot: false });
const slotPiece = (text: string): Piece => ({ text, slot: true });

const literal = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
  fc.tuple(fc.nat(), fc.nat()).map(([whole, part]) => `${whole}.${part}`),
  fc
    .string({ unit: "grapheme", maxLength: 6 })
    .filter((text) => !/[\0\ufffd]|\p{Surrogate}/u.test(text))
    .map((text) => `'${text.replaceAll("'", "''")}'`),
  fc.constantFrom("TRUE", "false", "E'a\\'b'", "$$é'$$", "- 7", "0x1F", "1e5", ".5", "U&'\\0041'"),
);
const item = fc.oneof(
  literal,
  fc.integer({ min: 1, max: 4 }).map((number) => `$${number}`),
);
const column = fc.constantFrom("a", "t.b", '"Ü"', "grün", "t . c");

const conjunct: fc.Arbitrary<readonly Piece[]> = fc.oneof(
  fc
    .tuple(column, fc.constantFrom("=", "<", "<=", ">", ">="), item)
    .map(([name, operator, value]) => [...`${name} ${operator}`.split(" ").map(fixedPiece), slotPiece(value)]),
  fc
    .tuple(item, column)
    .map(([value, name]) => [slotPiece(value), fixedPiece("="), ...name.split(" ").map(fixedPiece)]),
  fc
    .tuple(column, item, item)
    .map(([name, low, high]) => [
      ...`${name} BETWEEN`.split(" ").map(fixedPiece),
      slotPiece(low),
      fixedPiece("AND"),
      slotPiece(high),
    ]),
  fc
    .tuple(column, fc.array(item, { minLength: 1, maxLength: 4 }))
    .map(([name, items]) => [
      ...`${name} IN (`.split(" ").map(fixedPiece),
      slotPiece(items.join(" , ")),
      fixedPiece(")"),
    ]),
  fc
    .constantFrom("a IS NULL", "( b = 3 OR c = 'x' )", "a <> 4", "lower ( c ) = 'é'", "NOT d", "c LIKE 'x%'")
    .map((text) => text.split(" ").map((part) => (part === "'é'" ? slotPiece(part) : fixedPiece(part)))),
);

const statement: fc.Arbitrary<readonly Piece[]> = fc
  .record({
    list: fc.constantFrom("*", "a , 'lit' AS x", "count ( * ) , sum ( b ) + 1", "DISTINCT a , $1 :: int"),
    from: fc.constantFrom(
      "t",
      "t JOIN u ON t.id = u.id",
      "t JOIN u ON t.id = u.id AND u.k = $1 LEFT JOIN v ON $2 = v.k",
      "t , ( SELECT 1 AS z LIMIT 1 ) s",
    ),
    where: fc.array(conjunct, { minLength: 1, maxLength: 5 }),
    tail: fc.constantFrom("", "ORDER BY a", "GROUP BY a HAVING count ( * ) > 2"),
    limit: fc.option(fc.nat({ max: 2 ** 31 - 1 }).map(String), { nil: null }),
    offset: fc.option(fc.constantFrom("0", "3", "$2"), { nil: null }),
  })
  .map(({ list, from, where, tail, limit, offset }) => [
    ...`SELECT ${list} FROM ${from} WHERE`.split(" ").map(fixedPiece),
    ...where.flatMap((pieces, index) => (index === 0 ? pieces : [fixedPiece("AND"), ...pieces])),
    ...(tail === "" ? [] : tail.split(" ").map(fixedPiece)),
    ...(limit === null ? [] : [fixedPiece("LIMIT"), slotPiece(limit)]),
    ...(offset === null ? [] : [fixedPiece("OFFSET"), slotPiece(offset)]),
  ]);

const joined = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join(" ");

function shapeOf(text: string): SelectShape {
  const { shape } = inspectStatement(text);
  if (shape === null) throw new Error(`no shape: ${text}`);
  return shape;
}

const treeOf = (text: string): string => canonicalTree(parseStatements(text)[0]?.tree, () => undefined);

describe("shapeKey", () => {
  const blank = fc.constantFrom(" ", "\n", "\t ", "/* c /* 'é */ */", " -- x'\n", "\r\n");

  it("survives white space, comments and case", () => {
    fc.assert(
      fc.property(statement, fc.infiniteStream(blank), fc.infiniteStream(fc.boolean()), (pieces, blanks, flips) => {
        const noisy = pieces
          .map(({ text }) => {
            const flip = /^[A-Za-z]+$/.test(text) && flips.next().value === true;
            return (flip ? text.toLowerCase() : text) + String(blanks.next().value);
          })
          .join("");
        const [plain, other] = [inspectStatement(joined(pieces)), inspectStatement(`${noisy};`)];
        expect(other.shape?.shapeKey).toBe(plain.shape?.shapeKey);
        expect(other.shape?.slots.map(({ role, items }) => ({ role, items }))).toEqual(
          plain.shape?.slots.map(({ role, items }) => ({ role, items })),
        );
        expect(other.queryId).toBe(plain.queryId);
      }),
      { numRuns },
    );
  });

  it("does not see what slots hold", () => {
    fc.assert(
      fc.property(
        statement,
        fc.infiniteStream(literal),
        fc.infiniteStream(fc.nat({ max: 99 })),
        (pieces, literals, counts) => {
          const before = shapeOf(joined(pieces));
          let row = false;
          const changed = pieces.map((piece) => {
            const text = piece.slot ? String(row ? counts.next().value : literals.next().value) : piece.text;
            row = piece.text === "LIMIT" || piece.text === "OFFSET";
            return { ...piece, text };
          });
          const after = shapeOf(joined(changed));
          expect(after.shapeKey).toBe(before.shapeKey);
          expect(after.slots.map(({ role }) => role)).toEqual(before.slots.map(({ role }) => role));
        },
      ),
      { numRuns },
    );
  });

  it("sees every other token", () => {
    fc.assert(
      fc.property(statement, fc.nat(), (pieces, choice) => {
        const candidates = pieces.flatMap(({ slot, text }, index) => (!slot && mutated(text) !== text ? [index] : []));
        const at = candidates[choice % candidates.length];
        const changed = pieces.map((piece, index) => (index === at ? { ...piece, text: mutated(piece.text) } : piece));
        const { shape } = inspectStatement(joined(changed));
        expect(shape?.shapeKey).not.toBe(shapeOf(joined(pieces)).shapeKey);
      }),
      { numRuns },
    );
  });
});

/** Another token of the same kind, where one would be another statement. */
function mutated(text: string): string {
  const others: Readonly<Record<string, string>> = {
    "=": "<>",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "<>": "=",
    OR: "AND",
  };
  if (/^[0-9]+$/.test(text)) return `${text}1`;
  if (/^'.*'$/.test(text)) return `${text.slice(0, -1)}q'`;
  if (/^(?:[a-z][a-z.]*|grün)$/.test(text)) return `${text}q`;
  return others[text] ?? text;
}

describe("substituteSlots", () => {
  it("differs from the statement in its slots only", () => {
    fc.assert(
      fc.property(statement, (pieces) => {
        const shape = shapeOf(joined(pieces));
        const { text, slotParameter } = substituteSlots(
          shape,
          shape.slots.map(() => false),
        );
        expect(slotParameter).toEqual(shape.slots.map((_, index) => index + 1));
        expect(treeOf(restored(text, shape))).toBe(treeOf(shape.text));
      }),
      { numRuns },
    );
  });

  it("keeps fixed slots as they are", () => {
    fc.assert(
      fc.property(statement, fc.infiniteStream(fc.boolean()), (pieces, choices) => {
        const shape = shapeOf(joined(pieces));
        const fixed = shape.slots.map(
          ({ items }) => items.every(({ kind }) => kind === "literal") && choices.next().value === true,
        );
        const { text, slotParameter } = substituteSlots(shape, fixed);
        expect(slotParameter.map((parameter) => parameter === null)).toEqual(fixed);
        const open = { ...shape, slots: shape.slots.filter((_, index) => fixed[index] !== true) };
        expect(treeOf(restored(text, open))).toBe(treeOf(shape.text));
      }),
      { numRuns },
    );
  });
});

/** Puts what the slots held back in the place of `$k` and `= ANY ($k)`. */
function restored(text: string, shape: SelectShape): string {
  const source = toByteText(shape.text);
  const bytes = toByteText(text);
  let result = "";
  let from = 0;
  for (const token of tokens(bytes)) {
    const slot =
      token.kind === "parameter" ? shape.slots[Number(bytes.slice(token.start + 1, token.end)) - 1] : undefined;
    if (slot === undefined) continue;
    const list = slot.role === "list";
    const head = bytes.slice(from, token.start);
    result += list ? head.replace(/= ANY \($/, "IN ") : head;
    result += ` ${source.slice(slot.start, slot.end)} `;
    from = token.end + (list ? 1 : 0);
  }
  return fromByteText(result + bytes.slice(from));
}

describe("total functions", () => {
  const fragment = fc.constantFrom(
    "SELECT",
    "select",
    "CREATE",
    "CACHE",
    "FROM",
    "SHOW",
    "CACHES",
    "EXPLAIN",
    "WITH",
    "(",
    ")",
    "'",
    '"',
    "$$",
    "$1",
    "$0",
    "--",
    "/*",
    "*/",
    ";",
    "\n",
    " ",
    "é",
    "🙂",
    "\ud83d",
    "\0",
    "E'",
    "\\",
    "a",
    "=",
    "IN",
    "1",
    "0x",
    "1e",
    ".",
    "LIMIT",
    "U&'",
    "WHERE",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join("")),
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join(" ")),
    fc.tuple(statement, fc.nat(), fc.nat({ max: 5 }), fragment).map(([pieces, at, cut, insert]) => {
      const whole = joined(pieces);
      const place = at % whole.length;
      return whole.slice(0, place) + insert + whole.slice(place + cut);
    }),
  );

  it("take any text", () => {
    fc.assert(
      fc.property(text, fc.boolean(), (body, asCommand) => {
        const whole = asCommand ? `CREATE CACHE ${body}` : body;
        const info = inspectStatement(whole);
        expect(info.queryId).toMatch(/^q_[0-9a-f]{16}$/);
        expect(info.kind === "freshet").toBe(parseCommand(whole) !== null);
        expect(asCommand && info.kind !== "freshet").toBe(false);
        expect(
          info.shape === null ||
            substituteSlots(
              info.shape,
              info.shape.slots.map(() => false),
            ).text !== "",
        ).toBe(true);
      }),
      { numRuns: numRuns * 4 },
    );
  });

  it("give a command or a FreshetError with a place in the text", () => {
    fc.assert(
      fc.property(text, (body) => {
        const whole = `CREATE CACHE ${body}`;
        const mistake = mistakeIn(whole);
        expect(mistake?.code ?? "42601").toMatch(/^(?:42601|42622|22021|54000|0A000)$/);
        expect(mistake?.position ?? 1).toBeLessThanOrEqual(characterPosition(whole, whole.length));
      }),
      { numRuns: numRuns * 2 },
    );
  });
});

/** The FreshetError that a command's text raises; null when it is right. Whatever else is thrown fails the test. */
function mistakeIn(text: string): FreshetError | null {
  const parse = parseCommand(text);
  if (parse === null) throw new Error("not taken for a command");
  try {
    parse();
    return null;
  } catch (error) {
    if (error instanceof FreshetError) return error;
    throw error;
  }
}
