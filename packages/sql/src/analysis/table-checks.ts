import type { Catalog, RelationInfo } from "./catalog.ts";
import type { TreeNode } from "./node-tree.ts";
import { unsupported } from "./unsupported.ts";

/** `rtekind` of a range table entry. */
export const RteKind = {
  relation: 0,
  subquery: 1,
  join: 2,
  function: 3,
  tableFunction: 4,
  values: 5,
  cte: 6,
  result: 8,
  group: 9,
} as const;

const REFUSED_KINDS: ReadonlyMap<number, string> = new Map([
  [RteKind.tableFunction, "XMLTABLE and JSON_TABLE are not supported"],
]);

const KNOWN_KINDS: ReadonlySet<number> = new Set([
  RteKind.relation,
  RteKind.subquery,
  RteKind.join,
  RteKind.function,
  RteKind.values,
  RteKind.cte,
  RteKind.result,
  RteKind.group,
]);

const RELATION_KINDS: ReadonlyMap<string, string> = new Map([
  ["m", "is a materialized view, which changes only by REFRESH"],
  ["S", "is a sequence"],
  ["c", "is a composite type"],
]);

/** `tableoid` as an attribute number. */
export const TABLE_OID_ATTRIBUTE = -6;
/** The row itself as an attribute number (`InvalidAttrNumber`). */
export const WHOLE_ROW = 0;

/** Refuses what is no table of the application; what of its rows cannot be followed, `tableMembers` refuses. */
function checkRelation(relation: RelationInfo, entry: TreeNode): void {
  const name = `${relation.schema}.${relation.name}`;
  const kind = RELATION_KINDS.get(relation.kind);
  if (kind !== undefined) throw unsupported(`${name} ${kind}`);
  if (["pg_catalog", "information_schema", "pg_toast"].includes(relation.schema))
    throw unsupported(`${name} is a system catalog`);
  if (relation.persistence === "t") throw unsupported(`${name} is a temporary table`);
  if (entry.nodeOrNull("tablesample") !== null) throw unsupported("TABLESAMPLE takes rows at random");
}

/** Checks one entry of a query's range table. */
export function checkRangeTableEntry(entry: TreeNode, catalog: Catalog): void {
  const kind = entry.int("rtekind");
  const refused = REFUSED_KINDS.get(kind);
  if (refused !== undefined) throw unsupported(refused);
  if (!KNOWN_KINDS.has(kind)) throw unsupported("something in its FROM clause is not supported");
  if (kind !== RteKind.relation) return;
  const relation = catalog.relations.get(entry.int("relid"));
  if (relation === undefined) throw unsupported("one of its tables was dropped meanwhile");
  checkRelation(relation, entry);
}
