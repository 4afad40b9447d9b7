import type { TableSchema } from "@freshet/contract";
import type { Expression, Plan, QueryPlan } from "@freshet/sql";
import type { ColumnType } from "@freshet/values";

export const CUSTOMERS = 1001;
export const ORDERS = 1002;
export const ITEMS = 1003;

const INT4: ColumnType = { typeOid: 23, typmod: -1, collation: 0 };
const INT8: ColumnType = { typeOid: 20, typmod: -1, collation: 0 };
const TEXT: ColumnType = { typeOid: 25, typmod: -1, collation: 950 };

function table(oid: number, name: string, columns: readonly (readonly [string, ColumnType])[]): TableSchema {
  return {
    oid,
    schema: "public",
    name,
    columns: columns.map(([column, { typeOid, typmod }], at) => ({ attribute: at + 1, name: column, typeOid, typmod })),
    identity: { kind: "key", columns: [0] },
  };
}

export const REVENUE_TABLES: readonly TableSchema[] = [
  table(CUSTOMERS, "customers", [
    ["id", INT4],
    ["name", TEXT],
    ["region", INT4],
  ]),
  table(ORDERS, "orders", [
    ["id", INT4],
    ["customer", INT4],
    ["status", TEXT],
  ]),
  table(ITEMS, "order_items", [
    ["id", INT4],
    ["order", INT4],
    ["quantity", INT4],
    ["price", INT4],
  ]),
];

function scan(oid: number, columns: readonly ColumnType[], attributes: readonly number[]): Plan {
  return { kind: "scan", tableOid: oid, attributes, columns };
}

function column(index: number, type: ColumnType): Expression {
  return { kind: "column", index, type };
}

function join(left: Plan, right: Plan, leftKey: number, rightKey: number): Plan {
  return {
    kind: "join",
    join: "inner",
    left,
    right,
    leftKeys: [column(leftKey, INT4)],
    rightKeys: [column(rightKey, INT4)],
    residual: null,
    columns: [...left.columns, ...right.columns],
  };
}

const customersOrders = join(scan(CUSTOMERS, [INT4, TEXT], [1, 2]), scan(ORDERS, [INT4, INT4, TEXT], [1, 2, 3]), 0, 1);
const all = join(customersOrders, scan(ITEMS, [INT4, INT4, INT4], [2, 3, 4]), 2, 0);

const plan: Plan = {
  kind: "aggregate",
  input: all,
  groups: [column(0, INT4), column(1, TEXT)],
  aggregates: [
    { name: "count", arg: null, distinct: false, inputCollation: 0, type: INT8 },
    { name: "sum", arg: column(7, INT4), distinct: false, inputCollation: 0, type: INT8 },
  ],
  scalar: false,
  columns: [INT4, TEXT, INT8, INT8],
};

/** SELECT c.id, c.name, count(*), sum(i.price) FROM customers c JOIN orders o ... JOIN order_items i ... WHERE c.id = $1 GROUP BY 1, 2 */
export const REVENUE: QueryPlan = {
  plan,
  result: plan.columns.map((type, at) => ({ ...type, name: `c${at}`, tableOid: 0, attribute: 0, typeLength: -1 })),
  parameters: [{ type: INT4, list: false }],
  equality: [{ column: 0, parameter: 0 }],
  range: null,
  sort: [],
  limit: null,
  offset: null,
  missingKeyRow: null,
  resultKey: null,
  tables: REVENUE_TABLES.map(({ oid, name }) => ({ tableOid: oid, schema: "public", name })),
  privileges: [],
  types: [],
  collations: [],
};
