import { APPLIED_KEY, META_ARRANGEMENT, SUSPENDED_KEY, decodeViewStatus, viewStatusKey } from "@freshet/contract";
import type { ReadTransaction } from "@freshet/store";
import { LSN_ZERO, type Lsn } from "@freshet/values";
import type { MissReason } from "../session/front-ports.ts";

/** Why a view cannot be read. */
export interface Unavailable {
  readonly reason: MissReason;
  readonly detail: string | null;
}

/** What the store says of one build of a cache; read once of each state of the store. */
export class BuildStatus {
  readonly #statusKey: Buffer;
  readonly #trustedTo: () => Lsn;
  #state = Number.NaN;
  #trusted: Lsn = LSN_ZERO;
  #status: Lsn | Unavailable = { reason: "cache_building", detail: null };

  /** `trustedTo`: schema changes up to there are known not to affect the cache. */
  constructor(cacheId: number, trustedTo: () => Lsn) {
    this.#statusKey = viewStatusKey(cacheId);
    this.#trustedTo = trustedTo;
  }

  /** The LSN of the state that `transaction` reads, or why the view is not to be read in it. `state` is the state's number. */
  at(transaction: ReadTransaction, state: number): Lsn | Unavailable {
    const trusted = this.#trustedTo();
    if (this.#state !== state || this.#trusted !== trusted) {
      this.#status = readStatus(transaction, this.#statusKey, trusted);
      this.#state = state;
      this.#trusted = trusted;
    }
    return this.#status;
  }

  /** The same of a state without a number. */
  now(transaction: ReadTransaction): Lsn | Unavailable {
    return readStatus(transaction, this.#statusKey, this.#trustedTo());
  }

  /** The same, where that state has been asked about; else null. */
  known(state: number): Lsn | Unavailable | null {
    return this.#state === state && this.#trusted === this.#trustedTo() ? this.#status : null;
  }
}

function readStatus(transaction: ReadTransaction, statusKey: Buffer, trustedTo: Lsn): Lsn | Unavailable {
  const applied = transaction.get(META_ARRANGEMENT, APPLIED_KEY);
  const status = transaction.get(META_ARRANGEMENT, statusKey);
  if (applied === undefined || status === undefined) return { reason: "cache_building", detail: null };
  const suspended = transaction.get(META_ARRANGEMENT, SUSPENDED_KEY);
  if (suspended !== undefined && suspended.readBigUInt64BE(0) > trustedTo)
    return { reason: "schema_change_pending", detail: null };
  const { ready, errors } = decodeViewStatus(status);
  if (!ready) return { reason: "cache_invalid", detail: null };
  if (errors !== 0) return { reason: "cache_error_in_scope", detail: `${errors} rows fail in the query's expressions` };
  return applied.readBigUInt64BE(0);
}
