import { APPLIED_KEY, META_ARRANGEMENT, SUSPENDED_KEY, decodeViewStatus, viewStatusKey } from "@freshet/contract";
import type { ReadTransaction } from "@freshet/store";
import type { Lsn } from "@freshet/values";
import type { MissReason } from "../session/front-ports.ts";

/** Why a view cannot be read. */
export interface Unavailable {
  readonly reason: MissReason;
  readonly detail: string | null;
}

/** What the store says of one build of a cache; read once of each state of the store. */
export class BuildStatus {
  readonly #statusKey: Buffer;
  #version = -1;
  #status: Lsn | Unavailable = { reason: "cache_building", detail: null };

  constructor(cacheId: number) {
    this.#statusKey = viewStatusKey(cacheId);
  }

  /** The LSN of the state that `transaction` reads, or why the view is not to be read in it. `version` is the state's. */
  at(transaction: ReadTransaction, version: number): Lsn | Unavailable {
    if (this.#version !== version) {
      this.#status = readStatus(transaction, this.#statusKey);
      this.#version = version;
    }
    return this.#status;
  }
}

function readStatus(transaction: ReadTransaction, statusKey: Buffer): Lsn | Unavailable {
  const applied = transaction.get(META_ARRANGEMENT, APPLIED_KEY);
  const status = transaction.get(META_ARRANGEMENT, statusKey);
  if (applied === undefined || status === undefined) return { reason: "cache_building", detail: null };
  if (transaction.has(META_ARRANGEMENT, SUSPENDED_KEY)) return { reason: "schema_change_pending", detail: null };
  const { ready, errors } = decodeViewStatus(status);
  if (!ready) return { reason: "cache_invalid", detail: null };
  if (errors !== 0) return { reason: "cache_error_in_scope", detail: `${errors} rows fail in the query's expressions` };
  return applied.readBigUInt64BE(0);
}
