/** What there is to say about a driver beside its results. */
export const remarks: ReadonlyMap<string, string> = new Map([
  ["Prisma on node-postgres", "version 7, whose client needs no engine"],
]);
