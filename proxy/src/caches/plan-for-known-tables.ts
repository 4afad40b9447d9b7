import { FreshetError, SqlState, waitingForLocks } from "@freshet/base";
import type { CacheBuilder } from "./cache-builder.ts";
import type { CachePlan, CacheRequest } from "./cache.ts";
import type { SchemaComparison } from "./schema-comparison.ts";

/** Tables that are altered all the time leave the last plan or refusal standing. */
const ATTEMPTS = 5;

/**
 * Plans a cache for its tables as they are followed. A change of a table is in the upstream's catalog before the
 * stream tells of it: a plan may need a column that its followed table does not have, or read it as another type.
 * Then the tables are `compared`, and the statement is planned again.
 */
export async function planForKnownTables(
  builder: Pick<CacheBuilder, "planCache">,
  comparison: Pick<SchemaComparison, "tablesDiffer">,
  request: CacheRequest,
  compare: () => Promise<void>,
): Promise<CachePlan> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await planOrRefusal(builder, request);
    if (attempt === ATTEMPTS || !(await comparison.tablesDiffer(tablesOf(outcome)))) {
      if (outcome instanceof FreshetError) throw outcome;
      return outcome;
    }
    await compare();
  }
}

async function planOrRefusal(
  builder: Pick<CacheBuilder, "planCache">,
  request: CacheRequest,
): Promise<CachePlan | FreshetError> {
  try {
    return await waitingForLocks(() => builder.planCache(request));
  } catch (thrown) {
    if (thrown instanceof FreshetError && thrown.code === SqlState.featureNotSupported) return thrown;
    throw thrown;
  }
}

/** Undefined where no plan tells them. */
function tablesOf(outcome: CachePlan | FreshetError): readonly number[] | undefined {
  if (outcome instanceof FreshetError) return undefined;
  const { tables } = outcome.mode === "incremental" ? outcome.planned.plan : outcome.invalidation.plan;
  return tables.map(({ tableOid }) => tableOid);
}
