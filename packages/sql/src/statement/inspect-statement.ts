import { FreshetError } from "@freshet/base";
import type { SelectStmt } from "libpg-query";
import { parseCommand } from "../command/parse-command.ts";
import { fromByteText, toByteText } from "../parser/byte-text.ts";
import { type ParsedStatement, parseStatements } from "../parser/parse-statements.ts";
import { skipBlank, tokens } from "../parser/tokenizer.ts";
import { classify } from "./classify.ts";
import { findSlots, type PlacedSlot } from "./find-slots.ts";
import { normalizeText } from "./normalize-text.ts";
import { queryId, shapeKey, textQueryId } from "./query-key.ts";
import { NO_EFFECTS, UNKNOWN_EFFECTS, joinEffects, sessionEffects } from "./session-effects.ts";
import type { SelectShape, Slot, StatementInfo } from "./shape.ts";

const HIGHEST_PARAMETER = 65_535;

/**
 * What a query string is. Total: text that cannot be parsed is of kind `invalid`, of which nothing is
 * known (it may change the schema on a server with another grammar). Needs loadParser.
 */
export function inspectStatement(text: string): StatementInfo {
  if (parseCommand(text) !== null) return unparsed("freshet", text, false);
  try {
    return inspectParsed(text, parseStatements(text));
  } catch (error) {
    // A RangeError: called with little stack left, for a deep tree.
    if (error instanceof FreshetError || error instanceof RangeError) return unparsed("invalid", text, true);
    throw error;
  }
}

function inspectParsed(text: string, statements: readonly ParsedStatement[]): StatementInfo {
  const [statement, ...others] = statements;
  if (statement === undefined) return { ...unparsed("empty", text, false), pure: true };
  if (others.length > 0) return inspectSeveral(text, statements);
  const { tree } = statement;
  const { kind, pure, changesSchema, plainSelect } = classify(tree);
  const shape = plainSelect && "SelectStmt" in tree ? selectShape(text, statement, tree.SelectStmt) : null;
  const effects = pure ? NO_EFFECTS : sessionEffects(tree);
  return { kind, shape, pure, changesSchema, effects, normalized: normalizeText(text), queryId: queryId(tree) };
}

function unparsed(kind: "freshet" | "invalid" | "empty", text: string, changesSchema: boolean): StatementInfo {
  const normalized = normalizeText(text);
  const effects = kind === "invalid" ? UNKNOWN_EFFECTS : NO_EFFECTS;
  return { kind, shape: null, pure: false, changesSchema, effects, normalized, queryId: textQueryId(normalized) };
}

function inspectSeveral(text: string, statements: readonly ParsedStatement[]): StatementInfo {
  const parts = statements.map(({ tree }) => classify(tree));
  return {
    kind: "multiple",
    shape: null,
    pure: parts.every(({ pure }) => pure),
    changesSchema: parts.some(({ changesSchema }) => changesSchema),
    effects: joinEffects(statements.map(({ tree }) => sessionEffects(tree))),
    normalized: normalizeText(text),
    queryId: queryId(statements.map(({ tree }) => tree)),
  };
}

/** Null when a parameter's number is none that the protocol can carry. */
function selectShape(text: string, statement: ParsedStatement, select: SelectStmt): SelectShape | null {
  const bytes = toByteText(text);
  const placed = findSlots(select, bytes);
  const numbers = placed.flatMap(({ slot }) => parameterNumbers(slot));
  if (numbers.some((number) => number < 1 || number > HIGHEST_PARAMETER)) return null;
  const start = skipBlank(bytes, statement.start);
  return {
    shapeKey: shapeKey(select, placed),
    slots: placed.map((found) => shifted(found, start)),
    parameterCount: Math.max(0, ...numbers),
    text: fromByteText(bytes.slice(start, lastTokenEnd(bytes.slice(0, statement.end), start))),
  };
}

function parameterNumbers(slot: Slot): readonly number[] {
  return slot.items.flatMap((item) => (item.kind === "parameter" ? [item.number] : []));
}

/** The slot with its range counted from `origin`. */
function shifted({ slot }: PlacedSlot, origin: number): Slot {
  const moved = { ...slot, start: slot.start - origin, end: slot.end - origin };
  return slot.listStart === undefined ? moved : { ...moved, listStart: slot.listStart - origin };
}

/** Cuts trailing comments off, so that text may be put behind a statement's. */
function lastTokenEnd(bytes: string, start: number): number {
  let end = start;
  for (const token of tokens(bytes, start)) end = token.end;
  return end;
}
