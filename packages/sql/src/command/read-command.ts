import type { Command } from "./command.ts";
import { readSource } from "./read-source.ts";
import { TokenReader } from "./token-reader.ts";

const CREATE_USAGE =
  "CREATE CACHE [CONCURRENTLY] [IF NOT EXISTS] [name] [WITH (option = value, ...)] FROM { select | query_id }";
const EXPLAIN_USAGE = "EXPLAIN CREATE CACHE [WITH (option = value, ...)] FROM { select | query_id }";

/** Parses a text that begins as one of Freshet's commands; throws a FreshetError for what is wrong with it. */
export function readCommand(text: string): Command {
  const reader = new TokenReader(text);
  if (reader.takeWord("create")) return readCreate(reader);
  if (reader.takeWord("drop")) return readDrop(reader);
  if (reader.takeWord("explain")) return readExplain(reader);
  reader.expectWord("show");
  return readShow(reader);
}

function readCreate(reader: TokenReader): Command {
  reader.usage = CREATE_USAGE;
  reader.expectWord("cache");
  const concurrently = reader.takeWord("concurrently");
  const ifNotExists = reader.takeWord("if");
  if (ifNotExists) {
    reader.expectWord("not");
    reader.expectWord("exists");
  }
  const name = reader.isWord("with") || reader.isWord("from") ? null : reader.identifier();
  const options = readOptions(reader);
  reader.expectWord("from");
  return { kind: "create-cache", name, concurrently, ifNotExists, options, source: readSource(reader) };
}

function readDrop(reader: TokenReader): Command {
  if (reader.takeWord("all")) {
    reader.usage = "DROP ALL CACHES";
    reader.expectWord("caches");
    reader.end();
    return { kind: "drop-all-caches" };
  }
  reader.usage = "DROP CACHE [IF EXISTS] name";
  reader.expectWord("cache");
  const ifExists = reader.takeWord("if");
  if (ifExists) reader.expectWord("exists");
  const name = reader.identifier();
  reader.end();
  return { kind: "drop-cache", name, ifExists };
}

function readShow(reader: TokenReader): Command {
  if (reader.takeWord("caches")) {
    reader.usage = "SHOW CACHES";
    reader.end();
    return { kind: "show-caches" };
  }
  if (reader.takeWord("proxied")) {
    reader.usage = "SHOW PROXIED QUERIES";
    reader.expectWord("queries");
    reader.end();
    return { kind: "show-proxied-queries" };
  }
  reader.usage = "SHOW FRESHET STATUS";
  reader.expectWord("freshet");
  reader.expectWord("status");
  reader.end();
  return { kind: "show-status" };
}

function readExplain(reader: TokenReader): Command {
  if (reader.takeWord("last")) {
    reader.usage = "EXPLAIN LAST STATEMENT";
    reader.expectWord("statement");
    reader.end();
    return { kind: "explain-last-statement" };
  }
  reader.usage = EXPLAIN_USAGE;
  reader.expectWord("create");
  reader.expectWord("cache");
  const options = readOptions(reader);
  reader.expectWord("from");
  return { kind: "explain-create-cache", options, source: readSource(reader) };
}

/** `[WITH (name = value, …)]`; a name may be given once. */
function readOptions(reader: TokenReader): readonly { readonly name: string; readonly value: string }[] {
  const options: { readonly name: string; readonly value: string }[] = [];
  if (!reader.takeWord("with")) return options;
  reader.expectSymbol("(");
  do {
    const at = reader.position();
    const name = reader.identifier();
    if (options.some((option) => option.name === name)) reader.refuse(`option "${name}" is given twice`, at);
    reader.expectSymbol("=");
    options.push({ name, value: reader.optionValue() });
  } while (reader.takeSymbol(","));
  reader.expectSymbol(")");
  return options;
}
