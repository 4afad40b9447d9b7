import type { ReplicationHealth } from "../replication/health.ts";

/** What a front has to know of the replication. */
export type FrontHealth = Pick<ReplicationHealth, "problem" | "applied" | "suspended" | "epoch" | "waitFor">;
