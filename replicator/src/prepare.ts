import { FreshetError, must, SqlState } from "@freshet/base";
import type { ReplicationOrigin } from "@freshet/contract";
import { type Lsn, formatLsn } from "@freshet/values";
import { typesWithoutSend } from "./catalog.ts";
import { installDdlTrigger } from "./ddl-trigger.ts";
import type { InstanceNames } from "./names.ts";
import type { ResolvedOptions } from "./options.ts";
import type { ResumePoint } from "./origin-check.ts";
import { whyNotResumable } from "./origin-check.ts";
import { ensurePublication } from "./publication.ts";
import { type ServerFacts, checkServer } from "./server-check.ts";
import { canFailOver, readSlot, recreateSlot, setFailover, waitUntilFree } from "./slot.ts";
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
      const point = { origin: from, lsn: from.lsn, seen: from.seen ?? from.lsn, tables };
      const reason = await whyNotResumable(session, facts, names, point);
      if (reason === undefined) {
        const slot = must(await readSlot(session, names.slot));
        if (canFailOver(facts.version) && slot.failover !== options.slotFailover)
          await setFailover(options.url, names.slot, options.slotFailover);
        const confirmedLsn = must(slot.confirmedLsn);
        return { ...common, origin: present(options, from, facts), reset: false, confirmedLsn };
      }
      options.logger.warn({ reason }, "the stored state cannot be resumed and is discarded");
    }
    const failover = options.slotFailover && canFailOver(facts.version);
    const lsn = await recreateSlot(session, names.slot, options.slotWaitMs, failover);
    const { systemIdentifier, timeline, databaseOid } = facts;
    const origin = { systemIdentifier, timeline, databaseOid, slotName: names.slot, lsn };
    return { ...common, origin, reset: from !== null, confirmedLsn: lsn };
  });
}

/** Where the state belongs now: on the server's timeline, of which all that is applied is part. */
function present(options: ResolvedOptions, origin: ReplicationOrigin, { timeline }: ServerFacts): ReplicationOrigin {
  if (origin.timeline === timeline) return origin;
  options.logger.info(
    { slot: origin.slotName, from: origin.timeline, to: timeline, lsn: formatLsn(origin.lsn) },
    "the stream goes on at the promoted server, whose slot has all that is missing",
  );
  return { ...origin, timeline };
}

export interface PreparedResume {
  readonly origin: ReplicationOrigin;
  readonly walSenderTimeoutMs: number;
}

/** Before a new connection: throws SlotLostError unless it can go on at `point`. */
export function prepareResume(
  options: ResolvedOptions,
  names: InstanceNames,
  point: ResumePoint,
): Promise<PreparedResume> {
  return withSession(options.url, async (session) => {
    const facts = await checkServer(options.url, session);
    const reason = await whyNotResumable(session, facts, names, point);
    if (reason !== undefined) throw new SlotLostError(reason);
    const origin = present(options, { ...point.origin, lsn: point.lsn }, facts);
    return { origin, walSenderTimeoutMs: facts.walSenderTimeoutMs };
  });
}
