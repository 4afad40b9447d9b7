import type { TableTouch } from "@freshet/contract";
import type { UpstreamSnapshot } from "./upstream-snapshot.ts";

/** Commits remembered per table, and rows of one commit; beyond them a commit counts as one that may have changed any row. */
const MAX_COMMITS = 500;
const MAX_ROWS = 16;

interface LoggedTouch {
  readonly xid: bigint;
  readonly touch: TableTouch;
}

interface TableLog {
  readonly touches: LoggedTouch[];
  /** The greatest id among the commits that were forgotten. */
  forgotten: bigint;
}

/**
 * The latest commits that touched watched tables. A commit is in the stream before it is visible to new
 * snapshots, by as much as a synchronous standby takes: an answer that was read then lacks it, although it came by
 * before.
 */
export class CommitLog {
  readonly #tables = new Map<number, TableLog>();

  add(xid: bigint, touch: TableTouch): void {
    let log = this.#tables.get(touch.tableOid);
    if (log === undefined) {
      log = { touches: [], forgotten: -1n };
      this.#tables.set(touch.tableOid, log);
    }
    const rows = touch.rows !== null && touch.rows.length <= MAX_ROWS ? touch.rows : null;
    log.touches.push({ xid, touch: { ...touch, rows } });
    if (log.touches.length < 2 * MAX_COMMITS) return;
    for (const old of log.touches.splice(0, MAX_COMMITS)) if (old.xid > log.forgotten) log.forgotten = old.xid;
  }

  /** Whether a commit that is not in the snapshot has, or may have, touched the table in a way that matters. */
  overtakes(tableOid: number, snapshot: UpstreamSnapshot, matters: (touch: TableTouch) => boolean): boolean {
    const log = this.#tables.get(tableOid);
    if (log === undefined) return false;
    if (log.forgotten >= snapshot.xmin) return true;
    return log.touches.some(({ xid, touch }) => !snapshot.sees(xid) && matters(touch));
  }

  clear(): void {
    this.#tables.clear();
  }
}
