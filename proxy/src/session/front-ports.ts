import type { Command, StatementInfo } from "@freshet/sql";
import type { ByteWriter, Lsn, TextSettings } from "@freshet/values";

/**
 * What a session needs from the caching side, and tells it. The session owns sockets, protocol state
 * and order of responses; everything about caches lies behind these interfaces.
 */

/** Every reason for a miss; shown by EXPLAIN LAST STATEMENT and counted by metrics. */
export type MissReason =
  | "not_select"
  | "multiple_statements"
  | "not_parsed"
  | "no_cache"
  | "cache_building"
  | "cache_invalid"
  | "cache_error_in_scope"
  | "schema_change_pending"
  | "replication_down"
  | "upstream_ahead"
  | "in_transaction"
  | "read_your_writes"
  | "pipeline_has_writes"
  | "session_state_unknown"
  | "other_database"
  | "search_path"
  | "temporary_objects"
  | "setting"
  | "client_encoding"
  | "privilege"
  | "row_level_security"
  | "parameter_type"
  | "parameter_value"
  | "result_too_large"
  | "not_filled"
  | "fill_failed";

export interface Miss {
  readonly kind: "miss";
  readonly reason: MissReason;
  /** Names the setting, the privilege …; null where the reason says all. */
  readonly detail: string | null;
  readonly cache: string | null;
}

/** Facts of the session's upstream connection, read by the probe (probe.ts). */
export interface SessionFacts {
  readonly role: string;
  readonly database: string;
  /** `current_schemas(false)`. */
  readonly schemas: readonly string[];
  readonly hasTemporaryObjects: boolean;
  readonly clientEncoding: string;
  readonly text: TextSettings;
  /** Further settings that decide how values are read and written, which only answers in mode `invalidate` heed. */
  readonly formatSettings: readonly (readonly [name: string, value: string])[];
  /** Settings outside `text` that differ from what cached answers assume, e.g. `standard_conforming_strings`. */
  readonly deviatingSettings: readonly string[];
  readonly consistency: "eventual" | "session" | "strong";
  /** `pg_current_wal_insert_lsn()` at the probe: at least the end of the session's last write. */
  readonly insertLsn: Lsn;
}

/** Parameters of one Bind, as sent. `typeOids` are those of Parse (0, or not there: unspecified). */
export interface BoundParameters {
  readonly values: readonly (Buffer | null)[];
  /** 0 text, 1 binary; already expanded to one per value. */
  readonly formats: readonly number[];
  readonly typeOids: readonly number[];
}

/** The answer of a hit. Rows stay in memory until the portal ends. */
export interface Answer {
  readonly kind: "hit";
  readonly cache: string;
  readonly lsn: Lsn;
  readonly rowCount: number;
  /** Whether it is that of the present moment: in a transaction that has begun before, the time stands still. */
  readonly timed?: boolean;
  /** A whole RowDescription message for result formats (empty, one for all, or one per column). */
  rowDescription(formats: readonly number[]): Buffer;
  /** DataRow messages of rows [from, to), concatenated. */
  dataRows(formats: readonly number[], from: number, to: number): Buffer;
  /** Of a large answer: the same in pieces that are to be sent one by one, at the client's pace. */
  pieces?(from: number, to: number): Iterable<Buffer>;
}

/** How one statement text is routed; memoised by text behind `prepare`. */
export interface PreparedRoute {
  readonly info: StatementInfo;
  /** Freshet's own command, a mistake in one (thrown when it runs), or null. */
  readonly command: (() => Command) | null;
}

/** Describe of a statement that a cache would answer. */
export interface DescribedStatement {
  readonly parameterTypes: readonly number[];
  rowDescription(formats: readonly number[]): Buffer;
}

/** An answer that was assembled before and still holds. */
export interface KeptHit {
  readonly cache: string;
  readonly lsn: Lsn;
  /** BindComplete, RowDescription, DataRows, CommandComplete and ReadyForQuery (idle), one character per byte. */
  readonly bytes: string;
  /** Where its DataRows begin. */
  readonly rowsAt: number;
}

/** Where one session's answers to one statement, or to whole texts, are kept by what was asked. */
export interface KeptQuestions {
  /** It finds nothing any more: another is to be had. */
  readonly over: boolean;
  /** Whether to look, where the statement can be answered by PointReads. Asked once for each question. */
  pays(): boolean;
  find(key: string, writeLsn: Lsn): KeptHit | null;
}

/** An answer made of one look-up by key. */
export interface PointHit {
  readonly cache: string;
  readonly lsn: Lsn;
  /** From BindComplete to ReadyForQuery (idle); the next answer is written to the same. */
  readonly bytes: ByteWriter;
}

/** From the bytes of one statement's executions straight to those of their answers, where a view's key is all that is asked for. */
export interface PointReads {
  /**
   * `buffer[start, end)`: Bind's bytes behind the names, `keep`: where the answer may be kept. Null: `execute` is to be asked, whatever the reason.
   */
  answer(
    buffer: Buffer,
    start: number,
    end: number,
    isDescribed: boolean,
    writeLsn: Lsn,
    keep: Keep | null,
  ): PointHit | null;
}

/** Where the answer of an execution may be kept. */
export interface Keep {
  readonly questions: KeptQuestions;
  readonly key: string;
}

export interface CacheFront {
  /** Rises when schema or privileges may have changed: session facts of an earlier epoch are to be read again. */
  readonly epoch: number;
  prepare(text: string): PreparedRoute;
  /** Quick look without session facts: could this statement hit now? A Miss says why not. */
  candidate(route: PreparedRoute): Miss | null;
  /**
   * What Parse/Describe may answer without the upstream; null: forward them. Null whenever the
   * session's facts do not allow a hit.
   */
  describe(route: PreparedRoute, facts: SessionFacts, typeOids: readonly number[]): DescribedStatement | null;
  /**
   * Decides one execution. `parameters` is null in the simple protocol; `writeLsn` is what the
   * session's own writes need applied. May wait (strong consistency, first privilege check), hence a
   * promise where it must; the usual case returns at once.
   */
  execute(
    route: PreparedRoute,
    facts: SessionFacts,
    writeLsn: Lsn,
    parameters: BoundParameters | null,
    formats: readonly number[],
    keep?: Keep | null,
  ): Answer | Miss | Promise<Answer | Miss>;
  /**
   * Kept answers for a session with these facts: to executions of a statement with parameters of these types, by Bind's bytes behind the names; or with
   * null to simple queries, by their text. Null when there are none to be had.
   */
  kept(text: string | null, facts: SessionFacts, typeOids: readonly number[]): KeptQuestions | null;
  /** The short way for executions of a statement; null where these facts never allow it. */
  points(route: PreparedRoute, facts: SessionFacts, typeOids: readonly number[]): PointReads | null;
  /** A statement went upstream and came back: for SHOW PROXIED QUERIES, schema watching and privilege caching. */
  forwarded(route: PreparedRoute, miss: Miss, elapsedMs: number, succeeded: boolean): void;
}

/** The last statement's fate, for EXPLAIN LAST STATEMENT. */
export interface LastStatement {
  readonly destination: "cache" | "upstream" | "replica";
  readonly reason: string;
  readonly cache: string | null;
  readonly lsn: Lsn | null;
  /** `host:port` of the replica that answered, or `none:` and why none did; null: there are none. */
  readonly replica: string | null;
}

export interface CommandColumn {
  readonly name: string;
  readonly typeOid: number;
}

export interface CommandResult {
  readonly tag: string;
  /** Values in PostgreSQL's text form. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Context of a command: who asks, and where notices go. */
export interface CommandContext {
  readonly facts: SessionFacts;
  readonly last: LastStatement | null;
  /** Aborted, with the error to show, when the client cancels the command. */
  readonly signal: AbortSignal;
  notice(message: string, detail?: string): void;
}

export interface CommandRunner {
  /** Result columns; empty for commands without rows. */
  columns(command: Command): readonly CommandColumn[];
  /** Rejects with a FreshetError. */
  run(command: Command, context: CommandContext): Promise<CommandResult>;
}
