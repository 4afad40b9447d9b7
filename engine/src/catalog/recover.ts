import type { MakeUpstreamCalls } from "@freshet/contract";
import type { Store, WriteTransaction } from "@freshet/store";
import { Catalog, dropNodeRecord, STAGED_ARRANGEMENT } from "./catalog.ts";
import { discardArrangement, forgetBuildLogs, readRecords, removeRecord } from "./records.ts";

const STAGED_PIECE = 256;

/** Removes the staged parts of a transaction whose commit will not follow. */
export function discardStagedParts(store: Store): void {
  while (!store.clear(STAGED_ARRANGEMENT, STAGED_PIECE));
}

/** Half-built nodes and half-loaded tables cannot be gone on with: their snapshots are lost. */
function discardUnfinished(transaction: WriteTransaction): void {
  forgetBuildLogs(transaction);
  const loading = readRecords(transaction, "table").filter((record) => record.state === "loading");
  const nodes = readRecords(transaction, "node");
  for (const record of loading) {
    removeRecord(transaction, "table", record.schema.oid);
    discardArrangement(transaction, record.log);
    const table = nodes.find((stored) => stored.node.id === record.node);
    if (table !== undefined) dropNodeRecord(transaction, table.node);
  }
  for (const { node, building } of nodes) if (building !== null) dropNodeRecord(transaction, node);
}

/** Reads the state that the last committed transaction left, and clears away what it left unfinished. */
export function recoverCatalog(store: Store, upstreamCalls?: MakeUpstreamCalls): Catalog {
  discardStagedParts(store);
  store.write(discardUnfinished);
  const catalog = store.read((reads) => Catalog.load(reads, upstreamCalls));
  store.write((transaction) => {
    catalog.saveTallies(transaction);
    catalog.removeUnused(transaction);
  });
  return catalog;
}
