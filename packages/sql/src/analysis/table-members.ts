import { must } from "@freshet/base";
import type { Catalog, RelationInfo } from "./catalog.ts";
import type { TreeNode } from "./node-tree.ts";
import { unsupported } from "./unsupported.ts";

/**
 * The tables whose rows a reference to a table reads: the table itself and, unless ONLY is written, those
 * that inherit from it. A partitioned table has no rows of its own.
 */
export function tableMembers(entry: TreeNode, catalog: Catalog): readonly RelationInfo[] {
  const table = must(catalog.relations.get(entry.int("relid")));
  const below = entry.flag("inh") ? table.descendants : [];
  const members = [table.oid, ...below].map((oid) => {
    return must(catalog.relations.get(oid), "a table that inherits was dropped meanwhile");
  });
  // Temporary ones belong to other sessions: a session with temporary tables of its own is never answered from a cache.
  const own = members.filter(({ kind, persistence }) => kind !== "p" && persistence !== "t");
  for (const member of own) checkStored(member);
  return own;
}

/** Refuses a table whose changes do not stand in the write-ahead log. */
function checkStored(table: RelationInfo): void {
  const name = `${table.schema}.${table.name}`;
  if (table.kind === "f") throw unsupported(`${name} is a foreign table, whose changes this server does not log`);
  if (table.kind !== "r") throw unsupported(`${name} is not a table`);
  if (table.persistence === "u")
    throw unsupported(`${name} is an unlogged table`, { hint: `ALTER TABLE ${name} SET LOGGED` });
}

/** Attributes whose values no two rows of a table reference share; empty when none are known. */
export function memberKey(entry: TreeNode, catalog: Catalog): readonly number[] {
  const table = catalog.relations.get(entry.intOr("relid", 0));
  if (table === undefined) return [];
  // A primary key holds within a table, and over the partitions of one, not over those that inherit.
  return table.kind === "p" || table.descendants.length === 0 || !entry.flag("inh") ? table.primaryKey : [];
}
