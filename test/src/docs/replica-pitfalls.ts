import type { Pitfall } from "./pitfall.ts";

const REPLICAS = "test/src/e2e/replicas.e2e.test.ts";
const CHOICE = "proxy/src/replicas/replicas.test.ts";
const READS = "proxy/src/replicas/reads-alike.test.ts";
const BLOCKS = "test/src/e2e/replica-blocks.e2e.test.ts";
const FAILOVER = "test/src/faults/failover.e2e.test.ts";
const SLOT = "test/src/faults/failover-slot.e2e.test.ts";

/** What goes wrong where there are several servers. */
export const replicaPitfalls: readonly Pitfall[] = [
  {
    area: "Replicas",
    pitfall: "A read goes to a replica that lags, and misses what its own session has just written.",
    freshet:
      "A replica is asked only when it has replayed the session's own writes; what is older than a limit is not asked at all.",
    proofs: [
      { file: REPLICAS, test: "a session reads its own writes, however far the replica lags" },
      { file: CHOICE, test: "the one that answers sooner is chosen, as far as it has replayed enough" },
    ],
  },
  {
    area: "Replicas",
    pitfall:
      "Functions that write, nextval, advisory locks, FOR UPDATE, SELECT INTO go to a replica because they stand in a SELECT.",
    freshet:
      "Only statements that call nothing but functions which are known to be harmless go there; a view that writes fails there unseen, and goes to the primary.",
    proofs: [
      { file: READS, test: "does not surely: %s" },
      { file: REPLICAS, test: "reads go to a replica, everything else to the primary" },
      { file: REPLICAS, test: "what a replica cannot do the primary does, and errors are the primary's" },
    ],
  },
  {
    area: "Replicas",
    pitfall:
      "A conflict with recovery (40001) on the replica is the client's error; a replica's death ends its clients.",
    freshet:
      "Until the first row has come nothing is shown to the client, and the primary answers in the replica's place. Cancel requests and statement_timeout are not tried again.",
    proofs: [
      { file: REPLICAS, test: "a conflict with recovery is not the client's: the primary answers" },
      { file: REPLICAS, test: "a cancel request ends a read on a replica, which is not tried again" },
      { file: REPLICAS, test: "a replica that goes away takes no read with it, and is used again when it is back" },
    ],
  },
  {
    area: "Replicas",
    pitfall: "Prepared statements, settings and pipelines break when a client's statements go to several servers.",
    freshet:
      "Statements are prepared wherever they are needed, settings go with the session, a pipeline goes to one server as a whole.",
    proofs: [
      { file: REPLICAS, test: "named statements are prepared wherever they are needed, also again after an error" },
      { file: REPLICAS, test: "a settings change moves with the session to the replica" },
      { file: REPLICAS, test: "pipelines go to one server as a whole, and in order" },
    ],
  },
  {
    area: "Replicas",
    pitfall:
      "A transaction block is sent to a replica by its first statement, and a later one fails there or sees another server; a deferred BEGIN changes what is answered.",
    freshet:
      "Only blocks that are declared to read, in READ COMMITTED; what needs the primary takes the block there before anything of it is shown, and the time of the transaction is asked of the primary alone.",
    proofs: [
      { file: BLOCKS, test: "a statement that only the primary can answer takes the block there" },
      {
        file: BLOCKS,
        test: "what fails on the replica the primary answers, within the block; an error is the block's",
      },
      { file: BLOCKS, test: "the time of a transaction is the primary's, from its first use on" },
      { file: BLOCKS, test: "a session's writes are in its next block, however far the replica lags" },
      { file: BLOCKS, test: "a driver's BEGIN may come with the first read, and its end with the last" },
    ],
  },
  {
    area: "Replicas",
    pitfall:
      "A client in the middle of a transaction is ended when the replica ends the idle connection (a conflict with recovery, a restart).",
    freshet: "The block goes on at the primary.",
    proofs: [{ file: BLOCKS, test: "a block that waits for its client outlives its replica's connection" }],
  },
  {
    area: "Replicas",
    pitfall:
      "A replica of another system, one that has been promoted, or one that was left behind on an old timeline is read from.",
    freshet: "System identifier, recovery and timeline are compared with the primary's at each look.",
    proofs: [
      { file: CHOICE, test: "takes no reads: %s" },
      { file: CHOICE, test: "a promotion puts replicas aside until they follow" },
    ],
  },
  {
    area: "Failover",
    pitfall:
      "After a promotion clients need a restart, the old primary's address is remembered, or the wrong one of two primaries is taken.",
    freshet: "Hosts are asked anew, names resolved anew; of two primaries the one on the newer timeline counts.",
    proofs: [{ file: FAILOVER, test: "when the primary moves, sessions and caches go on with the new one" }],
  },
  {
    area: "Failover",
    pitfall: "What the new primary never had stays in a cache.",
    freshet:
      "The caches miss from the moment the primary moves, and are built anew on its timeline, unless its history and the slot prove that nothing is missing.",
    proofs: [
      { file: FAILOVER, test: "when the primary moves, sessions and caches go on with the new one" },
      { file: SLOT, test: "what the standby never had is in no cache afterwards: they are built anew" },
      {
        file: "replicator/src/timeline.test.ts",
        test: "what came after it, or of a timeline that is none of its past, is not",
      },
      {
        file: "proxy/src/replication/health.test.ts",
        test: "when the primary has moved, a stream that still runs is not believed until it has ended",
      },
    ],
  },
  {
    area: "Failover",
    pitfall: "A failover costs all logical replication slots, and all that was made of them.",
    freshet: "The slot is one that standbys keep (PostgreSQL 17), and the caches go on from it.",
    proofs: [
      { file: SLOT, test: "the caches go on from the slot that the standby has kept, also after a restart" },
      { file: SLOT, test: "a Freshet that was down meanwhile goes on from it, too" },
      {
        file: SLOT,
        test: "where the primary waits for the standby, caches never have what the standby lacks, and always go on",
      },
    ],
  },
];
