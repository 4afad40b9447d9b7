/**
 * Output of psql without what is bound to differ between two clusters that both work: the objects that Freshet's caches put into the
 * catalogs (a publication that \d lists), and process ids.
 */
export function withoutFreshet(output: string): string {
  return output
    .replaceAll(/^Publications:\n(?: +"(?:freshet|regress_pub)[^\n]*\n)+(?! )/gm, "")
    .replaceAll(/(server process with PID|backend with PID|terminating connection \(PID|process) \d+/g, "$1 PID");
}

/** The same without what \d+ tells of tables that Freshet was allowed to alter. */
export function withoutReplicaIdentity(output: string): string {
  return output.replaceAll(/^Replica Identity: FULL\n/gm, "");
}
