import { FreshetError, SqlState } from "@freshet/base";
import { ChangeWriter, OldRow } from "@freshet/contract";
import type { OldRowFlag } from "@freshet/contract";
import type { Lsn, Row } from "@freshet/values";
import type { KeepCode, PgoutputMessage, RelationMessage } from "@freshet/wire";
import { TuplePacker } from "@freshet/wire";
import { MESSAGE_PREFIX } from "./names.ts";
import type { RowPlan } from "./row-plan.ts";
import { planRows } from "./row-plan.ts";
import { type AnnouncedScope, joinScopes, parseAnnouncement } from "./schema-scope.ts";
import type { StreamItem } from "./stream-item.ts";
import type { TrackedTable, TrackedTables } from "./tracked-tables.ts";
import { TransactionTouches } from "./transaction-touches.ts";
import type { WatchedTables } from "./watched-tables.ts";

type Message<Kind extends PgoutputMessage["kind"]> = Extract<PgoutputMessage, { kind: Kind }>;

interface Transaction {
  readonly commitLsn: Lsn;
  readonly commitTime: bigint;
  readonly xid: number;
  readonly touches: TransactionTouches;
  /** Undefined: no schema change was announced. */
  schemaScope: AnnouncedScope | undefined;
  parts: number;
  tables: Set<number>;
  /** Tables whose changes cannot be read in this transaction, since their relation is of another shape. */
  readonly unreadable: Set<number>;
}

interface CachedPlan {
  readonly table: TrackedTable;
  readonly relation: RelationMessage;
  readonly plan: RowPlan | undefined;
}

/**
 * Turns one connection's pgoutput messages into stream items. A transaction's changes are packed as they
 * come, so that nothing refers to a message's bytes once `handle` has returned.
 */
export class TransactionAssembler {
  readonly #tables: TrackedTables;
  readonly #watched: WatchedTables;
  readonly #unsendable: () => ReadonlySet<number>;
  readonly #partBytes: number;
  readonly #emit: (item: StreamItem) => void;
  readonly #relations = new Map<number, RelationMessage>();
  readonly #plans = new Map<number, CachedPlan>();
  /** Tables whose change of shape was told: nothing follows until they are added again, as new entries. */
  readonly #stale = new WeakSet<TrackedTable>();
  readonly #packer = new TuplePacker();
  /** Updates need the old and the new row at once. */
  readonly #oldPacker = new TuplePacker();
  readonly #writer = new ChangeWriter();
  #transaction: Transaction | null = null;

  constructor(parts: {
    readonly tables: TrackedTables;
    readonly watched: WatchedTables;
    /** Types whose columns no table schema holds. */
    readonly unsendable: () => ReadonlySet<number>;
    readonly partBytes: number;
    readonly emit: (item: StreamItem) => void;
  }) {
    this.#tables = parts.tables;
    this.#watched = parts.watched;
    this.#unsendable = parts.unsendable;
    this.#partBytes = parts.partBytes;
    this.#emit = parts.emit;
  }

  get inTransaction(): boolean {
    return this.#transaction !== null;
  }

  handle(message: PgoutputMessage): void {
    switch (message.kind) {
      case "begin":
        return this.#begin(message);
      case "commit":
        return this.#commit(message);
      case "relation":
        this.#relations.set(message.oid, message);
        return;
      case "insert":
        return this.#insert(message);
      case "update":
        return this.#update(message);
      case "delete":
        return this.#delete(message);
      case "truncate":
        return this.#truncate(message);
      case "message":
        return this.#logicalMessage(message);
      case "origin":
      case "type":
        return;
    }
  }

  #begin(message: Message<"begin">): void {
    if (this.#transaction !== null) throw violation("a transaction began within another");
    this.#transaction = {
      commitLsn: message.finalLsn,
      commitTime: message.commitTime,
      xid: message.xid,
      touches: new TransactionTouches(this.#watched),
      schemaScope: undefined,
      parts: 0,
      tables: new Set(),
      unreadable: new Set(),
    };
  }

  #commit(message: Message<"commit">): void {
    const transaction = this.#current();
    if (message.commitLsn !== transaction.commitLsn) throw violation("a transaction's end does not match its begin");
    this.#transaction = null;
    const { commitLsn, commitTime, schemaScope, tables, xid } = transaction;
    const schemaChanged = schemaScope !== undefined;
    const touched = transaction.touches.take();
    const { endLsn } = message;
    const bytes = this.#writer.bytes;
    if (bytes === 0 && !schemaChanged && transaction.parts === 0 && touched.length === 0) {
      this.#emit({ event: { kind: "progress", lsn: endLsn }, bytes: 0, commitLsn, resumeLsn: endLsn, tables });
      return;
    }
    const scope = schemaScope === undefined || schemaScope === null ? {} : { schemaScope };
    const commit = {
      commitLsn,
      endLsn,
      commitTime,
      changes: this.#writer.take(),
      schemaChanged,
      ...scope,
      xid,
      touched,
    };
    this.#emit({ event: { kind: "commit", commit }, bytes, commitLsn, resumeLsn: endLsn, tables });
  }

  #insert(message: Message<"insert">): void {
    this.#current().touches.insert(message, this.#relations.get(message.oid));
    const plan = this.#plan(message.oid);
    if (plan === undefined) return;
    const row = this.#packer.pack(message.tuple, plan.row);
    if (row === undefined) return this.#unreadable(message.oid);
    this.#writer.insert(message.oid, row);
    this.#changed(message.oid);
  }

  #update(message: Message<"update">): void {
    this.#current().touches.update(message, this.#relations.get(message.oid));
    const plan = this.#plan(message.oid);
    if (plan === undefined) return;
    const oldKind = oldRowFlag(message.oldKind);
    const old = message.oldTuple === null ? null : this.#packOld(message.oldTuple, plan, oldKind);
    const row = this.#packer.pack(message.tuple, plan.row);
    if (row === undefined || old === undefined) return this.#unreadable(message.oid);
    this.#writer.update(message.oid, oldKind, old, row);
    this.#changed(message.oid);
  }

  #delete(message: Message<"delete">): void {
    this.#current().touches.delete(message, this.#relations.get(message.oid));
    const plan = this.#plan(message.oid);
    if (plan === undefined) return;
    const oldKind = oldRowFlag(message.oldKind);
    const old = this.#packOld(message.oldTuple, plan, oldKind);
    if (old === undefined) return this.#unreadable(message.oid);
    this.#writer.delete(message.oid, oldKind, old);
    this.#changed(message.oid);
  }

  #packOld(tuple: Buffer, plan: RowPlan, oldKind: OldRowFlag): Row | undefined {
    const keep: readonly KeepCode[] = oldKind === OldRow.key ? plan.key : plan.row;
    return this.#oldPacker.pack(tuple, keep);
  }

  #truncate(message: Message<"truncate">): void {
    this.#current().touches.truncate(message);
    for (const oid of message.oids) {
      if (this.#plan(oid) === undefined) continue;
      this.#writer.truncate(oid);
      this.#changed(oid);
    }
  }

  #logicalMessage(message: Message<"message">): void {
    if (!message.transactional || message.prefix !== MESSAGE_PREFIX) return;
    const announced = parseAnnouncement(message.content);
    if (announced === undefined) return;
    const transaction = this.#current();
    const { schemaScope } = transaction;
    transaction.schemaScope = schemaScope === undefined ? announced : joinScopes(schemaScope, announced);
  }

  /** Undefined when the change is of no interest, or cannot be read (which is then told to the sink). */
  #plan(oid: number): RowPlan | undefined {
    const transaction = this.#current();
    const table = this.#tables.get(oid);
    if (table === undefined || this.#stale.has(table)) return undefined;
    // Already in the table's snapshot, and perhaps of the shape that it had before.
    if (table.since !== null && transaction.commitLsn < table.since) return undefined;
    const relation = this.#relations.get(oid);
    if (relation === undefined) throw violation(`a change of relation ${oid} came before its description`);
    let cached = this.#plans.get(oid);
    if (cached === undefined || cached.table !== table || cached.relation !== relation) {
      cached = { table, relation, plan: planRows(table.schema, relation, this.#unsendable()) };
      this.#plans.set(oid, cached);
    }
    if (cached.plan === undefined) this.#unreadable(oid);
    return cached.plan;
  }

  /**
   * Tells the sink that the table's shape differs from the known one. While the table is pending the
   * transaction may turn out to be older than its snapshot: then the gate takes this out again, so
   * the table must not be given up yet.
   */
  #unreadable(oid: number): void {
    const transaction = this.#current();
    if (transaction.unreadable.has(oid)) return;
    transaction.unreadable.add(oid);
    const table = this.#tables.get(oid);
    if (table !== undefined && table.since !== null) this.#stale.add(table);
    this.#writer.schema(oid);
    this.#changed(oid);
  }

  #changed(oid: number): void {
    const transaction = this.#current();
    transaction.tables.add(oid);
    if (this.#writer.bytes < this.#partBytes) return;
    const { commitLsn, tables } = transaction;
    const bytes = this.#writer.bytes;
    this.#emit({ event: { kind: "part", changes: this.#writer.take() }, bytes, commitLsn, resumeLsn: null, tables });
    transaction.tables = new Set();
    transaction.parts++;
  }

  #current(): Transaction {
    if (this.#transaction === null) throw violation("a change came outside a transaction");
    return this.#transaction;
  }
}

function oldRowFlag(kind: "K" | "O" | null): OldRowFlag {
  if (kind === null) return OldRow.none;
  return kind === "K" ? OldRow.key : OldRow.full;
}

function violation(problem: string): FreshetError {
  return new FreshetError(SqlState.protocolViolation, `the upstream's stream is out of order: ${problem}`);
}
