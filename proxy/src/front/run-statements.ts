/** Runs statements one by one on one connection of Freshet's own. */
export type RunStatements = (statements: readonly string[]) => Promise<readonly (readonly (string | null)[])[]>;
