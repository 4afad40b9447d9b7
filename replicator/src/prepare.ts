import { FreshetError, must, SqlState } from "@freshet/base";
import type { ReplicationOrigin } from "@freshet/contract";
import type { Lsn } from "@freshet/values";
import { typesWithoutSend } from "./catalog.ts";
import { installDdlTrigger } from "./ddl-trigger.ts";
import type { InstanceNames } from "./names.ts";
import type { ResolvedOptions } from "./options.ts";
import type { ResumePoint } from "./origin-check.ts";
import { whyNotResumable } from "./origin-check.ts";
import { ensurePublication } from "./publication.ts";
import { checkServer } from "./server-check.ts";
import { readSlot, recreateSlot, waitUntilFree } from "./slot.ts";
import { withSession } from "./upstream.ts";

/** The stream has a gap from here on: only a new slot and new snapshots help. */
export class SlotLostError extends FreshetError {
  constructor(reason: string) {
    super(SqlState.objectNotInPrerequisiteState, reason);
  }
}

export interface PreparedStart {
  readonly origin: ReplicationOrigin;
  readonly reset: boolean;
  /** The slot's position, which the first status updates repeat. */
  readonly confirmedLsn: Lsn;
  readonly walSenderTimeoutMs: number;
  /** Types whose columns are not replicated. */
  readonly unsendable: ReadonlySet<number>;
}

/** Checks the upstream and makes there what is missing, so that streaming can begin at `origin.lsn`. */
export function prepareStart(
  options: ResolvedOptions,
  names: InstanceNames,
  from: ReplicationOrigin | null,
  tables: readonly number[],
): Promise<PreparedStart> {
  return withSession(options.url, async (session) => {
    const facts = await checkServer(options.url, session);
    await ensurePublication(session, names.publication);
    await installDdlTrigger(session, names, options.logger);
    const unsendable = await typesWithoutSend(session);
    const common = { walSenderTimeoutMs: facts.walSenderTimeoutMs, unsendable };
    if (from !== null) {
      await waitUntilFree(session, names.slot, options.slotWaitMs);
      const reason = await whyNotResumable(session, facts, names, { origin: from, lsn: from.lsn, tables });
      if (reason === undefined) {
        const slot = must(await readSlot(session, names.slot));
        return { ...common, origin: from, reset: false, confirmedLsn: must(slot.confirmedLsn) };
      }
      options.logger.warn({ reason }, "the stored state cannot be resumed and is discarded");
    }
    const lsn = await recreateSlot(session, names.slot, options.slotWaitMs);
    const { systemIdentifier, timeline, databaseOid } = facts;
    const origin = { systemIdentifier, timeline, databaseOid, slotName: names.slot, lsn };
    return { ...common, origin, reset: from !== null, confirmedLsn: lsn };
  });
}

/** Before a new connection: throws SlotLostError unless it can go on at `point`. Returns wal_sender_timeout. */
export function prepareResume(options: ResolvedOptions, names: InstanceNames, point: ResumePoint): Promise<number> {
  return withSession(options.url, async (session) => {
    const facts = await checkServer(options.url, session);
    const reason = await whyNotResumable(session, facts, names, point);
    if (reason !== undefined) throw new SlotLostError(reason);
    return facts.walSenderTimeoutMs;
  });
}
