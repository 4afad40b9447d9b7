import { quoteLiteral } from "@freshet/base";

/** One row: whether both event triggers that the replicator makes for this instance are there and enabled. */
export function announcementQuery(instance: string): string {
  return `
    SELECT pg_catalog.count(*) >= 2
      FROM pg_catalog.pg_event_trigger e
      JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid
      JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'freshet' AND p.proname = ${quoteLiteral(`${instance}_ddl`)} AND e.evtenabled <> 'D'`;
}
