/** Files whose output must differ through a proxy that keeps caches, each with its reason. */
export const exceptions: ReadonlyMap<string, string> = new Map([
  ["inet", "rows that ORDER BY does not tell apart come in another order"],
  ["select_implicit", "a table that was made with ORDER BY is read without one, in another order"],
  ["union", "a branch of UNION ALL has an ORDER BY, the statement none: its rows come in another order"],
  ["updatable_views", "a view has an ORDER BY, the statement that reads it none: its rows come in another order"],
]);
