import { must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { columnsOf } from "../plan/expression-walk.ts";
import { projectPlan, unionAllPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import type { RelationInfo } from "./catalog.ts";
import { type NodeValue, TreeNode } from "./node-tree.ts";
import { bindColumns, type QueryScope } from "./query-scope.ts";
import { RteKind, TABLE_OID_ATTRIBUTE, WHOLE_ROW } from "./table-checks.ts";
import { tableMembers } from "./table-members.ts";
import { wholeRow } from "./translate-subscript.ts";
import { unsupported } from "./unsupported.ts";

/** A column wanted of a table, by the attribute number in the table that the query names. */
interface WantedColumn {
  readonly attribute: number;
  readonly type: ColumnType;
}

/**
 * Plans a reference to a table: the rows of all tables that it stands for, one after another. Generated columns
 * are not in the stream of changes: their expressions are computed over the columns that are.
 */
export function planTable(entry: TreeNode, wanted: readonly WantedColumn[], scope: QueryScope): Plan {
  const members = tableMembers(entry, scope.catalog);
  const named = must(scope.catalog.relations.get(entry.int("relid")));
  const plans = members.map((member) => {
    const columns = wanted.map((column) => ({
      ...column,
      attribute: memberAttribute(column.attribute, named, member),
    }));
    return planMember(member, columns, scope);
  });
  const [first] = plans;
  return plans.length === 1 && first !== undefined
    ? first
    : unionAllPlan(
        plans,
        wanted.map(({ type }) => type),
      );
}

/** The attribute of a table that inherits: columns are the same by name, and may stand elsewhere. */
function memberAttribute(attribute: number, named: RelationInfo, member: RelationInfo): number {
  if (attribute < 0 || member === named) return attribute;
  if (attribute === WHOLE_ROW) throw unsupported("the row of a table with children, as a value, is not supported");
  const { name } = must(named.columns.get(attribute), "a column that the catalog does not have");
  const column = [...member.columns.values()].find((candidate) => candidate.name === name);
  return must(column, "a table that inherits has its parent's columns").attribute;
}

/** The columns of one table's own rows. */
function planMember(member: RelationInfo, wanted: readonly WantedColumn[], scope: QueryScope): Plan {
  const own = scope.over(tableQuery(member));
  const expressions = wanted.map(({ attribute, type }): Expression => {
    if (attribute === TABLE_OID_ATTRIBUTE) return oidConstant(member.oid, type);
    if (attribute === WHOLE_ROW)
      return wholeRow(type, (field, fieldType) => columnOf(member, field, fieldType, own), scope);
    return columnOf(member, attribute, type, own);
  });
  const symbols = [...columnsOf(...expressions)];
  const scan: Plan = {
    kind: "scan",
    tableOid: member.oid,
    attributes: symbols.map((symbol) => own.info(symbol).attribute),
    columns: symbols.map((symbol) => own.info(symbol).type),
  };
  const relation = { plan: scan, symbols };
  return projectPlan(
    scan,
    expressions.map((expression) => bindColumns(expression, relation)),
  );
}

function columnOf(member: RelationInfo, attribute: number, type: ColumnType, own: QueryScope): Expression {
  const { generated } = must(member.columns.get(attribute), "a column that the catalog does not have");
  return generated === null ? own.column(1, attribute, type) : { ...own.translate(generated), type };
}

function oidConstant(oid: number, type: ColumnType): Expression {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(oid);
  return { kind: "constant", value: bytes.toString("latin1"), type };
}

/** A query level that reads the table alone, as the expressions of its generated columns see it. */
function tableQuery(table: RelationInfo): TreeNode {
  const names: string[] = [];
  for (const { attribute, name } of table.columns.values()) names[attribute - 1] = name;
  const eref = new TreeNode(
    "ALIAS",
    new Map<string, NodeValue>([
      ["aliasname", table.name],
      ["colnames", Array.from(names, (name) => name ?? "")],
    ]),
  );
  const entry = new TreeNode(
    "RANGETBLENTRY",
    new Map<string, NodeValue>([
      ["rtekind", String(RteKind.relation)],
      ["relid", String(table.oid)],
      ["inh", "false"],
      ["tablesample", null],
      ["eref", eref],
    ]),
  );
  return new TreeNode("QUERY", new Map([["rtable", [entry]]]));
}
