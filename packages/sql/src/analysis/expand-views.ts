import { must } from "@freshet/base";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { type NodeValue, parseNodeTree, TreeNode } from "./node-tree.ts";
import { IN_VIEW } from "./relation-privileges.ts";
import { mapNodes, someNode } from "./tree-oids.ts";
import { RteKind } from "./table-checks.ts";
import { unsupported } from "./unsupported.ts";

/** Views in views; PostgreSQL itself has no bound, but a plan of this depth helps nobody. */
const MAX_DEPTH = 100;

function isView(node: TreeNode): boolean {
  return node.type === "RANGETBLENTRY" && node.int("rtekind") === RteKind.relation && node.text("relkind") === "v";
}

/**
 * The tree with every view's query in the view's place, as PostgreSQL's rewriter puts it: the view's range
 * table entry becomes that of a subquery and keeps its OID. Who needs privileges on what the view reads is noted
 * in the entries: the view's owner, or the reader where the view has `security_invoker`.
 */
export async function expandViews(connection: AnalysisConnection, tree: NodeValue): Promise<NodeValue> {
  const known = new Map<number, TreeNode>();
  let expanded = tree;
  for (let depth = 0; someNode(expanded, isView); depth++) {
    if (depth > MAX_DEPTH) throw unsupported("its views are nested too deeply");
    await loadViews(connection, expanded, known);
    expanded = mapNodes(expanded, (node) => (isView(node) ? viewEntry(node, known) : node));
  }
  return expanded;
}

/** The entry of a view as the subquery that it stands for. */
function viewEntry(node: TreeNode, known: ReadonlyMap<number, TreeNode>): TreeNode {
  const query = known.get(node.int("relid"));
  if (query === undefined) throw unsupported("one of its views was dropped meanwhile");
  return node.with({ rtekind: String(RteKind.subquery), subquery: query });
}

async function loadViews(connection: AnalysisConnection, tree: NodeValue, known: Map<number, TreeNode>): Promise<void> {
  const wanted = new Set<number>();
  someNode(tree, (node) => {
    if (isView(node) && !known.has(node.int("relid"))) wanted.add(node.int("relid"));
    return false;
  });
  const rows = await connection.query(`
    SELECT c.oid, r.ev_action, c.relowner, COALESCE((SELECT option_value::pg_catalog.bool
      FROM pg_catalog.pg_options_to_table(c.reloptions) WHERE option_name = 'security_invoker'), false)
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    WHERE c.oid IN (${["0", ...wanted].join(",")}) AND c.relkind = 'v' AND r.ev_type = '1'`);
  for (const row of rows) {
    const oid = Number(row[0]);
    known.set(oid, viewQuery(oid, must(row[1]), row[3] === "t" ? "0" : must(row[2])));
  }
}

/** The view's own query, its permission entries marked with the role that is checked (`0`: the reader). */
function viewQuery(view: number, action: string, checkAsUser: string): TreeNode {
  const tree = parseNodeTree(action);
  const query: NodeValue | undefined = Array.isArray(tree) ? (tree as readonly NodeValue[])[0] : tree;
  if (!(query instanceof TreeNode) || query.type !== "QUERY") throw unsupported("one of its views holds no query");
  const entries = query.nodes("rtable").map((entry) => (isSelf(entry, view) ? unusedEntry(entry) : entry));
  const marked = mapNodes(query.with({ rtable: entries }), (node) =>
    node.has("requiredPerms") ? node.with({ checkAsUser, [IN_VIEW]: "true" }) : node,
  );
  return must(marked instanceof TreeNode ? marked : undefined);
}

/** Before PostgreSQL 16 a view's range table begins with OLD and NEW: the view itself, which nothing refers to. */
function isSelf(entry: TreeNode, view: number): boolean {
  return isView(entry) && entry.int("relid") === view;
}

function unusedEntry(entry: TreeNode): TreeNode {
  return entry.with({ rtekind: String(RteKind.result), requiredPerms: "0" });
}
