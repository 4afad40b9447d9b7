import type { Workload } from "../workload.ts";
import { tpchData, tpchOrders, tpchSizes } from "./data.ts";
import { revenueView, tpchQueries } from "./queries.ts";
import { tpchSchema } from "./schema.ts";

/** Orders that one refresh transaction inserts or deletes. */
const ORDERS_PER_REFRESH = 3;

/** TPC-H: its 22 queries under streams of inserts (RF1), deletes (RF2) and updates. */
export const tpch: Workload = {
  name: "TPC-H",
  origin:
    "TPC-H 3.0: schema, 22 queries with their validation parameters (LIMIT for “first n rows”, query 15 by its view), rows in the manner of dbgen; refreshes insert and delete orders with their line items, updates change orders, line items, customers, parts and suppliers.",
  schema: [...tpchSchema, revenueView],
  data: tpchData,
  queries: tpchQueries,
  transaction: (number, scale) => {
    const sizes = tpchSizes(scale);
    const first = sizes.orders + 1 + Math.floor(number / 4) * ORDERS_PER_REFRESH;
    const old = 1 + ((Math.floor(number / 4) * 7919) % sizes.orders);
    switch (number % 4) {
      case 0:
        return tpchOrders(first, first + ORDERS_PER_REFRESH - 1, sizes);
      case 1: {
        const range = `BETWEEN ${old} AND ${old + ORDERS_PER_REFRESH - 1}`;
        return [`DELETE FROM lineitem WHERE l_orderkey ${range}`, `DELETE FROM orders WHERE o_orderkey ${range}`];
      }
      case 2:
        return [
          `UPDATE lineitem SET l_quantity = 1 + (l_quantity::int + ${number}) % 50, l_shipdate = l_shipdate + 3, l_receiptdate = l_receiptdate + 5,
             l_discount = ((l_discount * 100)::int + 1) % 11 / 100.0 WHERE l_orderkey = ${old + 5}`,
          `UPDATE customer SET c_acctbal = -c_acctbal, c_mktsegment = 'BUILDING' WHERE c_custkey = ${1 + (number % sizes.customers)}`,
        ];
      default:
        return [
          `UPDATE supplier SET s_nationkey = (s_nationkey + 1) % 25, s_comment = 'Customer Complaints' WHERE s_suppkey = ${1 + (number % sizes.suppliers)}`,
          `UPDATE part SET p_size = 15, p_type = 'PROMO BURNISHED BRASS', p_container = 'MED BOX', p_brand = 'Brand#23' WHERE p_partkey = ${1 + ((number * 31) % sizes.parts)}`,
          `UPDATE orders SET o_orderdate = date '1993-08-01', o_comment = 'special requests' WHERE o_orderkey = ${old + 9}`,
          `DELETE FROM partsupp WHERE ps_partkey = ${1 + ((number * 13) % sizes.parts)} AND ps_availqty % 2 = 0`,
        ];
    }
  },
};
