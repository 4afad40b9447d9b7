export { createReplicator } from "./replicator.ts";
export type { ReplicatorOptions } from "./options.ts";
export { uninstall } from "./uninstall.ts";
