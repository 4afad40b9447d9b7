import { SqlState, FreshetError } from "@freshet/base";
import { type Command, NO_EFFECTS, type SessionEffects, type StatementInfo, UNKNOWN_EFFECTS } from "@freshet/sql";
import { encodeDataRow, encodeRowDescription, toFreshetError } from "@freshet/wire";
import type {
  Answer,
  BoundParameters,
  CacheFront,
  CommandColumn,
  CommandContext,
  CommandResult,
  CommandRunner,
  DescribedStatement,
  Miss,
  PreparedRoute,
  SessionFacts,
} from "../front-ports.ts";

/** Statements with this marker hit; each row is (n int4, 'cached'). */
const CACHED = /^select n, origin from cached_rows(?: where n = \$1)?$/i;
const PURE = /^select (n, origin from cached_rows|[0-9]+|'pure')/i;
const TEXT = 25;
const INT4 = 23;

/** A caching side that knows one statement. Its rows come from memory, so a test sees where an answer was made. */
export class FakeFront implements CacheFront {
  epoch = 0;
  rows: number[] = [1, 2, 3];
  /** Makes `execute` return a promise. */
  slow = false;
  /** Answers hang on the clock. */
  timed = false;
  /** Decisions never come. */
  stuck = false;
  /** How many have been asked for. */
  decisions = 0;
  misses: Miss[] = [];
  succeeded: boolean[] = [];
  seenFacts: SessionFacts | null = null;
  seenWriteLsn = 0n;
  /** What a statement leaves in its session; real sessions that share connections need the parser's word. */
  effects: (text: string) => SessionEffects = (text) => (PURE.test(text) ? NO_EFFECTS : UNKNOWN_EFFECTS);

  prepare(text: string): PreparedRoute {
    const trimmed = text.trim().replace(/;$/, "").trim();
    return { info: statementInfo(trimmed, this.effects(text)), command: command(trimmed) };
  }

  candidate(route: PreparedRoute): Miss | null {
    return CACHED.test(route.info.normalized) ? null : { kind: "miss", reason: "no_cache", detail: null, cache: null };
  }

  describe(route: PreparedRoute, facts: SessionFacts): DescribedStatement | null {
    if (facts.hasTemporaryObjects) return null;
    return { parameterTypes: route.info.normalized.includes("$1") ? [INT4] : [], rowDescription: describeRows };
  }

  kept(): null {
    return null;
  }

  points(): null {
    return null;
  }

  execute(
    route: PreparedRoute,
    facts: SessionFacts,
    writeLsn: bigint,
    parameters: BoundParameters | null,
  ): Answer | Miss | Promise<Answer | Miss> {
    this.decisions++;
    this.seenFacts = facts;
    this.seenWriteLsn = writeLsn;
    if (this.stuck) return new Promise(() => undefined);
    const answer = this.#answer(route, parameters);
    return this.slow ? new Promise((resolve) => setImmediate(() => resolve(answer))) : answer;
  }

  forwarded(_route: PreparedRoute, miss: Miss, _elapsedMs: number, succeeded: boolean): void {
    this.misses.push(miss);
    this.succeeded.push(succeeded);
  }

  #answer(route: PreparedRoute, parameters: BoundParameters | null): Answer | Miss {
    let { rows } = this;
    const needed = route.info.normalized.includes("$1") ? 1 : 0;
    if ((parameters?.values.length ?? 0) !== needed)
      return { kind: "miss", reason: "parameter_value", detail: null, cache: "c" };
    if (route.info.normalized.includes("$1")) {
      const value = parameters?.values[0];
      if (value == null) return { kind: "miss", reason: "parameter_value", detail: null, cache: "c" };
      const wanted = parameters?.formats[0] === 1 ? value.readInt32BE(0) : Number(value.toString());
      if (Number.isNaN(wanted)) return { kind: "miss", reason: "parameter_value", detail: null, cache: "c" };
      rows = rows.filter((row) => row === wanted);
    }
    return {
      kind: "hit",
      timed: this.timed,
      cache: "c",
      lsn: 7n,
      rowCount: rows.length,
      rowDescription: describeRows,
      dataRows: (formats, from, to) =>
        Buffer.concat(
          rows.slice(from, to).map((row) => encodeDataRow([encodeInt(row, formats[0] ?? 0), Buffer.from("cached")])),
        ),
    };
  }
}

/** A runner that answers SHOW with one row and refuses what is called "bad". */
export class FakeCommands implements CommandRunner {
  last: CommandContext["last"] = null;

  columns(command: Command): readonly CommandColumn[] {
    return command.kind === "show-caches" || command.kind === "explain-last-statement"
      ? [{ name: "name", typeOid: TEXT }]
      : [];
  }

  run(command: Command, context: CommandContext): Promise<CommandResult> {
    this.last = context.last;
    if (command.kind === "drop-cache") {
      return Promise.reject(
        new FreshetError(SqlState.undefinedObject, `cache "${command.name}" does not exist`, {
          detail: "d",
          hint: "h",
        }),
      );
    }
    if (command.kind === "explain-last-statement") {
      return Promise.resolve({ tag: "EXPLAIN", rows: [[`${context.last?.destination}: ${context.last?.reason}`]] });
    }
    if (command.kind === "drop-all-caches") {
      // Works until it is cancelled.
      context.notice("working");
      return new Promise((_resolve, reject) =>
        context.signal.addEventListener("abort", () => reject(toFreshetError(context.signal.reason))),
      );
    }
    context.notice("working", "half way");
    return new Promise((resolve) =>
      setImmediate(() => resolve({ tag: "SHOW", rows: [["one"], ["two"], [context.facts.role]] })),
    );
  }
}

function describeRows(formats: readonly number[]): Buffer {
  const format = (index: number): number => (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
  return encodeRowDescription([
    { name: "n", tableOid: 0, attribute: 0, typeOid: INT4, typeLength: 4, typmod: -1, format: format(0) },
    { name: "origin", tableOid: 0, attribute: 0, typeOid: TEXT, typeLength: -1, typmod: -1, format: format(1) },
  ]);
}

function encodeInt(value: number, format: number): Buffer {
  if (format === 0) return Buffer.from(String(value));
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function command(text: string): (() => Command) | null {
  if (/^drop all caches$/i.test(text)) return () => ({ kind: "drop-all-caches" });
  if (/^show caches$/i.test(text)) return () => ({ kind: "show-caches" });
  if (/^explain last statement$/i.test(text)) return () => ({ kind: "explain-last-statement" });
  if (/^drop cache /i.test(text)) return () => ({ kind: "drop-cache", name: text.slice(11), ifExists: false });
  if (/^create cache/i.test(text)) {
    return () => {
      throw new FreshetError(SqlState.syntaxError, 'syntax error at or near "nonsense"', { position: 14 });
    };
  }
  return null;
}

function statementInfo(text: string, effects: SessionEffects): StatementInfo {
  return {
    kind: kindOf(text),
    shape: null,
    pure: PURE.test(text) && !text.includes(";"),
    changesSchema: false,
    effects,
    normalized: text,
    queryId: "q_0000000000000000",
  };
}

function kindOf(text: string): StatementInfo["kind"] {
  if (text === "") return "empty";
  if (text.includes(";")) return "multiple";
  if (/^select/i.test(text)) return "select";
  if (/^(begin|commit|rollback)/i.test(text)) return "transaction";
  if (/^set/i.test(text)) return "set";
  if (/^(insert|update|delete)/i.test(text)) return "write";
  return command(text) === null ? "utility" : "freshet";
}
