/** What there is to say about a driver beside its results. */
export const remarks: ReadonlyMap<string, string> = new Map([]);
