/** Files whose output must differ through a proxy that keeps caches, each with its reason. */
export const exceptions: ReadonlyMap<string, string> = new Map([]);
