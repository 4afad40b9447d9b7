/** SQL for a set of OIDs; never empty, so that `IN` stays well-formed. */
export function oidList(oids: Iterable<number>): string {
  return ["0", ...[...oids].map(String)].join(",");
}
