/** What there is to say about a driver beside its results. */
export const remarks: ReadonlyMap<string, string> = new Map([
  ["Drizzle on node-postgres", "Prisma is not run: it downloads engines that are in no registry"],
]);
