import type { RelationPrivilege } from "../plan/query-plan.ts";
import { must } from "@freshet/base";
import type { TreeNode } from "./node-tree.ts";
import { WHOLE_ROW } from "./table-checks.ts";

/** Marks the permission entries of a view's query, which the reader does not name itself. */
export const IN_VIEW = "freshetInView";

/** `FirstLowInvalidHeapAttributeNumber`: what is added to an attribute number in `selectedCols`. */
const ATTRIBUTE_OFFSET = 7;
const ACL_SELECT = 2;

/** A relation's attributes, of which the range table has the names; those of dropped ones are empty. */
function allColumns(query: TreeNode, relation: number): number[] {
  const entry = query.nodes("rtable").find((candidate) => candidate.intOr("relid", 0) === relation);
  const names = must(entry, "a relation outside the range table").node("eref").names("colnames");
  return names.flatMap((name, index) => (name === "" ? [] : [index + 1]));
}

/** The SELECT privileges that a query needs, collected over all its levels. */
export class RelationPrivileges {
  readonly #needed = new Map<
    string,
    {
      readonly relation: number;
      readonly role: number | null;
      readonly named: boolean;
      readonly attributes: Set<number>;
    }
  >();

  /**
   * Adds what one query level needs. Since 16 that stands in the query's permission infos, before in
   * the range table.
   */
  collect(query: TreeNode): void {
    const infos = query.has("rteperminfos")
      ? query.nodes("rteperminfos")
      : query.nodes("rtable").filter((entry) => entry.has("relid"));
    for (const info of infos) {
      if ((info.int("requiredPerms") & ACL_SELECT) === 0) continue;
      const attributes = this.#attributes(info.int("relid"), info.int("checkAsUser"), !info.has(IN_VIEW));
      for (const bit of info.ints("selectedCols")) {
        const attribute = bit - ATTRIBUTE_OFFSET;
        if (attribute !== WHOLE_ROW) attributes.add(attribute);
        else for (const column of allColumns(query, info.int("relid"))) attributes.add(column);
      }
    }
  }

  /** One per relation and subject; attribute 0 (any column) only where nothing else is needed. */
  list(): RelationPrivilege[] {
    const list = [...this.#needed.values()].map(({ relation, role, named, attributes }): RelationPrivilege => {
      const sorted = [...attributes].sort((a, b) => a - b);
      return { relation, role, named, attributes: sorted.length === 0 ? [0] : sorted };
    });
    return list.sort(
      (a, b) => a.relation - b.relation || (a.role ?? 0) - (b.role ?? 0) || Number(a.named) - Number(b.named),
    );
  }

  #attributes(relation: number, checkAsUser: number, named: boolean): Set<number> {
    const key = `${relation} ${checkAsUser} ${named}`;
    let needed = this.#needed.get(key);
    if (needed === undefined) {
      needed = { relation, role: checkAsUser === 0 ? null : checkAsUser, named, attributes: new Set() };
      this.#needed.set(key, needed);
    }
    return needed.attributes;
  }
}
