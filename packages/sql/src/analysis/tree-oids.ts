import { type NodeValue, TreeNode } from "./node-tree.ts";

/** The OIDs a tree refers to, by what they identify. */
export interface TreeOids {
  readonly types: Set<number>;
  readonly relations: Set<number>;
  readonly functions: Set<number>;
  readonly operators: Set<number>;
  readonly collations: Set<number>;
}

/** jsonb is ordered by it whatever a query names. */
const DEFAULT_COLLATION = 100;

const FIELDS: Readonly<Record<keyof TreeOids, readonly string[]>> = {
  types: [
    "vartype",
    "consttype",
    "paramtype",
    "aggtype",
    "funcresulttype",
    "opresulttype",
    "resulttype",
    "casetype",
    "coalescetype",
    "minmaxtype",
    "array_typeid",
    "element_typeid",
    "colTypes",
    "coltypes",
    "ctecoltypes",
    "typeId",
    "wintype",
    "refrestype",
  ],
  relations: ["relid"],
  functions: ["funcid", "opfuncid", "aggfnoid", "winfnoid", "startInRangeFunc", "endInRangeFunc"],
  operators: ["opno", "opnos", "eqop", "sortop"],
  collations: [
    "varcollid",
    "constcollid",
    "paramcollid",
    "aggcollid",
    "inputcollid",
    "inputcollids",
    "wincollid",
    "inRangeColl",
    "funccollid",
    "opcollid",
    "resultcollid",
    "collOid",
    "casecollid",
    "coalescecollid",
    "minmaxcollid",
    "array_collid",
    "colCollations",
    "colcollations",
    "ctecolcollations",
  ],
};

const KIND_OF_FIELD: ReadonlyMap<string, keyof TreeOids> = new Map(
  (Object.keys(FIELDS) as (keyof TreeOids)[]).flatMap((kind) =>
    FIELDS[kind].map((field): [string, keyof TreeOids] => [field, kind]),
  ),
);

/** What the OIDs in the member of a node identify; undefined when it holds none. */
export function kindOfField(field: string): keyof TreeOids | undefined {
  return KIND_OF_FIELD.get(field);
}

/** The OIDs that such a member holds. */
export function* oidsOf(value: NodeValue): Generator<number> {
  for (const item of Array.isArray(value) ? (value as readonly NodeValue[]) : [value]) {
    if (typeof item === "string" && /^\d+$/.test(item) && item !== "0") yield Number(item);
  }
}

/** Collects the OIDs anywhere in the tree; `base` adds some that are known otherwise. */
export function collectOids(tree: NodeValue, base: { readonly types: readonly number[] }): TreeOids {
  const oids: TreeOids = {
    types: new Set(base.types),
    relations: new Set(),
    functions: new Set(),
    operators: new Set(),
    collations: new Set([DEFAULT_COLLATION]),
  };
  addOids(tree, oids);
  return oids;
}

/** Adds the OIDs anywhere in the tree. */
export function addOids(tree: NodeValue, oids: TreeOids): void {
  const visit = (value: NodeValue): void => {
    if (value instanceof TreeNode) {
      for (const [field, member] of value.fields) {
        const kind = KIND_OF_FIELD.get(field);
        if (kind === undefined) visit(member);
        else for (const oid of oidsOf(member)) oids[kind].add(oid);
      }
    } else if (Array.isArray(value)) {
      for (const item of value as readonly NodeValue[]) visit(item);
    }
  };
  visit(tree);
}

/** Whether any node of the tree satisfies `test`. */
export function someNode(value: NodeValue, test: (node: TreeNode) => boolean): boolean {
  if (value instanceof TreeNode)
    return test(value) || [...value.fields.values()].some((member) => someNode(member, test));
  return Array.isArray(value) && (value as readonly NodeValue[]).some((item) => someNode(item, test));
}

/** Rebuilds the tree bottom-up: `rewrite` sees each node with its fields already rewritten. */
export function mapNodes(value: NodeValue, rewrite: (node: TreeNode) => TreeNode): NodeValue {
  if (value instanceof TreeNode) {
    const fields = new Map([...value.fields].map(([name, member]) => [name, mapNodes(member, rewrite)]));
    return rewrite(new TreeNode(value.type, fields));
  }
  return Array.isArray(value) ? (value as readonly NodeValue[]).map((item) => mapNodes(item, rewrite)) : value;
}
