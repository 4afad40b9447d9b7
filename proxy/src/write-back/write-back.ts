import { FreshetError, type Logger, SqlState, errorMessage, must } from "@freshet/base";
import {
  APPLIED_KEY,
  ENTRY_TAG,
  type Engine,
  META_ARRANGEMENT,
  decodeViewStatus,
  viewArrangement,
  viewEntryRows,
  viewStatusKey,
} from "@freshet/contract";
import type { QueryPlan } from "@freshet/sql";
import type { Snapshot, StoreReader } from "@freshet/store";
import { type Lsn, formatLsn } from "@freshet/values";
import type { Client } from "pg";
import { type ControlConnection, type TextRows, affectedRows, queryText } from "../control/control-connection.ts";
import type { RetryDelay } from "../caches/retry.ts";
import { type CopyTuple, copyIn } from "./copy-in.ts";
import { type DeltaSql, deltaSql } from "./delta-sql.ts";
import { type OutboxBatch, nextBatch } from "./outbox-batch.ts";
import {
  CREATE_PROGRESS,
  type HeldProgress,
  PROGRESS_EXISTS,
  parseProgress,
  readProgress,
  writeProgress,
} from "./progress-table.ts";
import {
  type Target,
  createStatements,
  formatTypesQuery,
  matchColumns,
  presentColumnsQuery,
  qualifiedName,
  targetText,
} from "./target.ts";

export interface WriteBackParts {
  readonly instance: string;
  readonly control: ControlConnection;
  readonly engine: Pick<Engine, "flush" | "acknowledgeOutbox">;
  readonly reader: () => StoreReader;
  readonly batchRows: number;
  readonly retry: RetryDelay;
  readonly logger: Logger;
}

/**
 * Keeps one upstream table equal to one cache's view: applies the outbox in upstream transactions that
 * also move `freshet.progress`, then lets the engine trim it. Only what is on disk in the store goes upstream,
 * and only what is on disk upstream is trimmed. Whatever fails is tried again from the progress that upstream holds.
 */
export class WriteBack {
  readonly #parts: WriteBackParts;
  readonly #cacheId: number;
  readonly #target: Target;
  readonly #plan: QueryPlan;
  readonly #sql: DeltaSql;
  #written: Lsn = 0n;
  #caughtUp: Lsn = 0n;
  #applied: Lsn = 0n;
  #failure: string | null = null;
  #stopping = false;
  readonly #stopped: Promise<void>;
  #announceStop: () => void = () => undefined;
  /** The table is known not to be what its progress says. */
  #diverged = false;
  #wake: (() => void) | null = null;
  #loop: Promise<void> | null = null;

  constructor(parts: WriteBackParts, cacheId: number, target: Target, plan: QueryPlan) {
    this.#parts = parts;
    this.#cacheId = cacheId;
    this.#target = target;
    this.#plan = plan;
    this.#sql = deltaSql(cacheId, target, plan, matchColumns(plan));
    this.#stopped = new Promise((resolve) => {
      this.#announceStop = resolve;
    });
  }

  /** LSN whose result the table is known to hold: later than its progress row when nothing was to be written. */
  get written(): Lsn {
    return this.#caughtUp > this.#written ? this.#caughtUp : this.#written;
  }

  /** Why it does not move at present; null when it does. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Makes the table hold the view's present content, in one upstream transaction. Returns its rows. */
  async seed(): Promise<number> {
    await this.#ensureProgressTable();
    const snapshot = this.#parts.reader().snapshot();
    try {
      const lsn = appliedLsn(snapshot);
      assertReady(snapshot, this.#cacheId);
      await this.#parts.engine.flush();
      const rows = await this.#parts.control.withClient((client) =>
        inTransaction(client, () => this.#writeAll(client, snapshot, lsn)),
      );
      this.#diverged = false;
      await this.#reached(lsn);
      return rows;
    } finally {
      snapshot.close();
    }
  }

  /** Begins to follow the outbox. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** The engine has applied everything up to `lsn`. */
  onApplied(lsn: Lsn): void {
    this.#applied = lsn;
    this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#announceStop();
    this.#wake?.();
    await this.#loop;
  }

  async #ensureProgressTable(): Promise<void> {
    await this.#parts.control.exclusive(async (connection) => {
      const [row] = await connection.query(PROGRESS_EXISTS);
      if (row?.[0] === "t") return;
      for (const statement of CREATE_PROGRESS) await connection.query(statement);
    });
  }

  async #writeAll(client: Client, snapshot: Snapshot, lsn: Lsn): Promise<number> {
    const present = await queryText(client, presentColumnsQuery(this.#target));
    const held = parseProgress(await queryText(client, readProgress(this.#parts.instance, this.#target)));
    const types = must((await queryText(client, formatTypesQuery(this.#plan.result)))[0]).map((type) => must(type));
    if (present.length === 0) {
      for (const statement of createStatements(this.#target, this.#plan.result, types, matchColumns(this.#plan)))
        await queryText(client, statement);
    } else {
      assertSameColumns(this.#target, present, this.#plan, types);
      if (held?.ofPresentTable === true) await queryText(client, this.#sql.clearTarget);
      else await assertEmpty(client, this.#target);
    }
    const rows = await copyIn(
      client,
      this.#sql.copyTarget,
      this.#plan.result.length,
      viewTuples(snapshot, this.#cacheId),
    );
    await queryText(client, writeProgress(this.#parts.instance, this.#target, { cacheId: this.#cacheId, lsn }));
    return rows;
  }

  async #run(): Promise<void> {
    let attempt = 0;
    while (!this.#stopping) {
      try {
        if (attempt > 0 || this.#written === 0n) await this.#resume();
        while (!this.#stopping) {
          const moved = await this.#step();
          attempt = 0;
          this.#failure = null;
          if (!moved) await this.#sleepUntilApplied();
        }
      } catch (thrown) {
        if (this.#stopping) return;
        this.#failure = errorMessage(thrown);
        this.#parts.logger.warn(
          { table: targetText(this.#target), error: this.#failure },
          "writing back failed, will be tried again",
        );
        await Promise.race([this.#parts.retry(attempt++), this.#stopped]);
      }
    }
  }

  /** After a start or a failure upstream is asked how far the table is. */
  async #resume(): Promise<void> {
    const rows = await this.#parts.control.query(readProgress(this.#parts.instance, this.#target));
    const progress = parseProgress(rows);
    if (this.#diverged || progress?.cacheId !== this.#cacheId || !progress.ofPresentTable) {
      await this.seed();
      return;
    }
    await this.#reached(progress.lsn);
  }

  /** Applies one batch of the outbox; false when there is none. */
  async #step(): Promise<boolean> {
    const snapshot = this.#parts.reader().snapshot();
    try {
      const batch = nextBatch(snapshot, this.#cacheId, this.#written, this.#parts.batchRows);
      if (batch === null) {
        this.#caughtUp = appliedLsn(snapshot);
        return false;
      }
      // A crash would leave a store that is behind its table, and whose outbox is cut at other LSNs.
      await this.#parts.engine.flush();
      await this.#parts.control.withClient(async (client) => {
        await queryText(client, this.#sql.createDeltaTable);
        await inTransaction(client, () => this.#applyBatch(client, batch));
      });
      await this.#reached(batch.lsn);
      return true;
    } finally {
      snapshot.close();
    }
  }

  async #applyBatch(client: Client, batch: OutboxBatch): Promise<void> {
    const held = parseProgress(
      await queryText(client, `${readProgress(this.#parts.instance, this.#target)} FOR UPDATE`),
    );
    if (held?.cacheId !== this.#cacheId || held.lsn !== this.#written || !held.ofPresentTable) {
      throw new FreshetError(
        SqlState.objectNotInPrerequisiteState,
        `the progress of table "${targetText(this.#target)}" is not where it was left`,
        {
          detail: describeHeld(held, this.#written),
        },
      );
    }
    for (const segment of batch.segments()) await this.#applySegment(client, segment);
    await queryText(
      client,
      writeProgress(this.#parts.instance, this.#target, { cacheId: this.#cacheId, lsn: batch.lsn }),
    );
  }

  async #applySegment(client: Client, deltas: readonly CopyTuple[]): Promise<void> {
    await copyIn(client, this.#sql.copyDelta, this.#plan.result.length, deltas);
    let removed = 0;
    for (const statement of this.#sql.deletes) removed += await affectedRows(client, statement);
    const retracted = deltas.reduce((sum, { weight }) => sum + Math.max(0, -must(weight)), 0);
    if (removed !== retracted) {
      this.#diverged = true;
      throw new FreshetError(
        SqlState.objectNotInPrerequisiteState,
        `table "${targetText(this.#target)}" was changed by somebody else and is written anew`,
        { detail: `${retracted} of its rows were to be removed, ${removed} were there.` },
      );
    }
    await queryText(client, this.#sql.insert);
    await queryText(client, this.#sql.clearDelta);
  }

  async #reached(lsn: Lsn): Promise<void> {
    this.#written = lsn;
    await this.#parts.engine.acknowledgeOutbox(this.#cacheId, lsn);
  }

  async #sleepUntilApplied(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      // Applied since the snapshot that held nothing more.
      if (this.#stopping || this.#applied > this.#caughtUp) resolve();
    });
    this.#wake = null;
  }
}

function appliedLsn(snapshot: Snapshot): Lsn {
  return must(snapshot.get(META_ARRANGEMENT, APPLIED_KEY), "an open store has an applied LSN").readBigUInt64BE(0);
}

/** A view that was dropped or is being built is not the query's result. */
function assertReady(snapshot: Snapshot, cacheId: number): void {
  const status = snapshot.get(META_ARRANGEMENT, viewStatusKey(cacheId));
  if (status !== undefined && decodeViewStatus(status).ready) return;
  throw new FreshetError(SqlState.objectNotInPrerequisiteState, "the cache is not ready to be written to its table");
}

function describeHeld(held: HeldProgress | null, written: Lsn): string {
  if (held === null) return "Its row in freshet.progress is gone.";
  if (!held.ofPresentTable) return "The table was dropped.";
  return `It is at ${formatLsn(held.lsn)}, expected ${formatLsn(written)}.`;
}

/** The view's content as tuples: each row as often as it occurs. */
function* viewTuples(snapshot: Snapshot, cacheId: number): IterableIterator<CopyTuple> {
  for (const entry of snapshot.scanPrefix(viewArrangement(cacheId), Buffer.from([ENTRY_TAG]))) {
    for (const { weight, row } of viewEntryRows(entry.value)) {
      for (let copy = 0; copy < weight; copy++) yield { weight: null, row };
    }
  }
}

function assertSameColumns(target: Target, present: TextRows, plan: QueryPlan, types: readonly string[]): void {
  const kind = present[0]?.[0];
  const columns = present.map((row) => `${row[1]} ${row[2]}`);
  const wanted = plan.result.map(({ name }, index) => `${name} ${must(types[index])}`);
  if ((kind === "r" || kind === "p") && columns.join(", ") === wanted.join(", ")) return;
  throw new FreshetError(
    SqlState.objectNotInPrerequisiteState,
    `relation "${targetText(target)}" does not have the columns of the query`,
    {
      detail: `It has (${columns.join(", ")}); the query gives (${wanted.join(", ")}).`,
      hint: "Drop the table, or choose another one for write_to.",
    },
  );
}

async function assertEmpty(client: Client, target: Target): Promise<void> {
  const rows = await queryText(client, `SELECT 1 FROM ${qualifiedName(target)} LIMIT 1`);
  if (rows.length === 0) return;
  throw new FreshetError(
    SqlState.objectNotInPrerequisiteState,
    `table "${targetText(target)}" exists and is not empty`,
    {
      detail: "Freshet only overwrites tables that it has filled itself.",
      hint: `Empty it (TRUNCATE ${qualifiedName(target)}) or choose another table for write_to.`,
    },
  );
}

async function inTransaction<T>(client: Client, body: () => Promise<T>): Promise<T> {
  await queryText(client, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  try {
    // The outbox is trimmed as soon as this has committed.
    await queryText(client, "SET LOCAL synchronous_commit = on");
    const result = await body();
    await queryText(client, "COMMIT");
    return result;
  } catch (thrown) {
    // When the connection is gone there is nothing to roll back; the error that led here is the one to tell.
    await queryText(client, "ROLLBACK").catch(() => undefined);
    throw thrown;
  }
}
