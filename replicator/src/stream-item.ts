import { ChangeWriter, readChanges } from "@freshet/contract";
import type { Change, StreamEvent } from "@freshet/contract";
import type { Lsn } from "@freshet/values";

/** An event on its way to the sink. */
export interface StreamItem {
  readonly event: StreamEvent;
  readonly bytes: number;
  /** The transaction's commit record; what a table's snapshot LSN is compared with. */
  readonly commitLsn: Lsn;
  /** Where to resume once the sink has the event; null within a transaction. */
  readonly resumeLsn: Lsn | null;
  /** The tables that the changes are of. */
  readonly tables: ReadonlySet<number>;
}

/** The changes without those of `dropped`. */
export function withoutTables(chunks: readonly Buffer[], dropped: ReadonlySet<number>): Buffer[] {
  const writer = new ChangeWriter();
  for (const chunk of chunks) {
    for (const change of readChanges(chunk)) {
      if (!dropped.has(change.tableOid)) write(writer, change);
    }
  }
  return writer.take();
}

function write(writer: ChangeWriter, change: Change): void {
  switch (change.kind) {
    case "insert":
      return writer.insert(change.tableOid, change.row);
    case "update":
      return writer.update(change.tableOid, change.oldKind, change.old, change.row);
    case "delete":
      return writer.delete(change.tableOid, change.oldKind, change.row);
    case "truncate":
      return writer.truncate(change.tableOid);
    case "schema":
      return writer.schema(change.tableOid);
  }
}
