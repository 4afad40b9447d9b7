/** An object of the parser's JSON tree: a node, or the `{ Kind: node }` wrapper around one. */
export type TreeObject = Readonly<Record<string, unknown>>;

export function isTreeObject(value: unknown): value is TreeObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Fields that say where a node stands in the text; nothing else depends on white space, comments or case. */
const LOCATIONS = new Set([
  "location",
  "stmt_location",
  "stmt_len",
  "rexpr_list_start",
  "rexpr_list_end",
  "list_start",
  "list_end",
  "name_location",
]);

/**
 * The tree as text, without locations: equal for texts that differ in white space, comments and
 * keyword case only. `blank` may put a marker in the place of an object.
 */
export function canonicalTree(tree: unknown, blank: (object: TreeObject) => string | undefined): string {
  if (Array.isArray(tree)) return `[${tree.map((item) => canonicalTree(item, blank)).join(",")}]`;
  if (!isTreeObject(tree)) return JSON.stringify(tree);
  const marker = blank(tree);
  if (marker !== undefined) return marker;
  let text = "{";
  for (const name of Object.keys(tree)) {
    const value = tree[name];
    if (typeof value === "number" && LOCATIONS.has(name)) continue;
    text += `${name}:${canonicalTree(value, blank)},`;
  }
  return `${text}}`;
}

/** Calls `visit` on every object of a tree, parents first; a false answer leaves out what lies below. */
export function walkTree(tree: unknown, visit: (object: TreeObject) => boolean): void {
  if (Array.isArray(tree)) {
    for (const item of tree) walkTree(item, visit);
    return;
  }
  if (!isTreeObject(tree) || !visit(tree)) return;
  for (const name of Object.keys(tree)) if (typeof tree[name] === "object") walkTree(tree[name], visit);
}
