import type { SqlClient } from "../system/sql-client.ts";

/** One of the queries of `queries`, and how its answer is got from a materialized view in PostgreSQL. */
export interface BenchQuery {
  readonly name: string;
  /** May have one parameter, $1, drawn evenly from 1 to `keys`. */
  readonly sql: string;
  /** 0: there is no parameter. */
  readonly keys: number;
  /** The materialized view's query: all rows that any parameter can ask for. */
  readonly view: string;
  /** Its unique index. */
  readonly viewKey: string;
  /** What reads the answer from `@`, the materialized view. */
  readonly read: string;
}

/** Tables in the manner of TPC-H with `rows` line items: a quarter as many orders, a fortieth as many customers. */
export async function createTrade(sql: SqlClient, rows: number): Promise<void> {
  const [orders, customers] = [Math.ceil(rows / 4), Math.ceil(rows / 40)];
  await sql.run("CREATE SCHEMA trade");
  await sql.run("CREATE TABLE trade.nation (n_nationkey integer PRIMARY KEY, n_name text NOT NULL)");
  await sql.run(
    "CREATE TABLE trade.customer (c_custkey integer PRIMARY KEY, c_nationkey integer NOT NULL, c_mktsegment text NOT NULL)",
  );
  await sql.run(
    "CREATE TABLE trade.orders (o_orderkey integer PRIMARY KEY, o_custkey integer NOT NULL, o_orderdate date NOT NULL, o_shippriority integer NOT NULL)",
  );
  await sql.run(
    "CREATE TABLE trade.lineitem (l_id integer PRIMARY KEY, l_orderkey integer NOT NULL, l_quantity integer NOT NULL, l_extendedprice numeric(12,2) NOT NULL, l_discount numeric(4,2) NOT NULL, l_returnflag text NOT NULL, l_linestatus text NOT NULL, l_shipdate date NOT NULL)",
  );
  await sql.run("INSERT INTO trade.nation SELECT i, 'nation ' || i FROM generate_series(0, 24) i");
  await sql.run(
    `INSERT INTO trade.customer SELECT i, i * 7 % 25, (ARRAY['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY'])[1 + i % 5] FROM generate_series(1, ${customers}) i`,
  );
  await sql.run(
    `INSERT INTO trade.orders SELECT i, 1 + i::bigint * 31 % ${customers}, date '1992-01-01' + i * 11 % 2400, 0 FROM generate_series(1, ${orders}) i`,
  );
  await sql.run(
    `INSERT INTO trade.lineitem SELECT i, 1 + i::bigint * 7 % ${orders}, 1 + i % 50, (900 + i::bigint * 37 % 100000)::numeric, (i % 11) / 100.0, (ARRAY['A', 'N', 'R'])[1 + i % 3], (ARRAY['F', 'O'])[1 + i % 2], date '1992-01-01' + (i::bigint * 13 % 2520)::integer FROM generate_series(1, ${rows}) i`,
  );
  for (const table of ["nation", "customer", "orders", "lineitem"]) await sql.run(`VACUUM ANALYZE trade.${table}`);
}

const pricingSummary = `SELECT l_returnflag, l_linestatus, sum(l_quantity) AS quantity, sum(l_extendedprice) AS base,
  sum(l_extendedprice * (1 - l_discount)) AS discounted, avg(l_discount) AS discount, count(*) AS orders
  FROM trade.lineitem WHERE l_shipdate <= date '1998-09-02' GROUP BY l_returnflag, l_linestatus`;

const shippingPriority = `SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority
  FROM trade.customer JOIN trade.orders ON c_custkey = o_custkey JOIN trade.lineitem ON l_orderkey = o_orderkey
  WHERE c_mktsegment = 'BUILDING' AND o_orderdate < date '1995-03-15' AND l_shipdate > date '1995-03-15'
  GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate, l_orderkey LIMIT 10`;

/** In the manner of TPC-H's first and third query. */
export const tradeQueries: readonly BenchQuery[] = [
  {
    name: "pricing summary (as TPC-H Q1)",
    sql: `${pricingSummary} ORDER BY l_returnflag, l_linestatus`,
    keys: 0,
    view: pricingSummary,
    viewKey: "l_returnflag, l_linestatus",
    read: "SELECT * FROM @ ORDER BY l_returnflag, l_linestatus",
  },
  {
    name: "shipping priority (as TPC-H Q3)",
    sql: shippingPriority,
    keys: 0,
    view: shippingPriority,
    viewKey: "l_orderkey",
    read: "SELECT * FROM @ ORDER BY revenue DESC, o_orderdate, l_orderkey",
  },
];

/** A news site with `rows` votes: a twentieth as many stories and a fiftieth as many users. */
export async function createNews(sql: SqlClient, rows: number): Promise<void> {
  const users = Math.ceil(rows / 50);
  const stories = storiesOf(rows);
  await sql.run("CREATE SCHEMA news");
  await sql.run("CREATE TABLE news.users (id integer PRIMARY KEY, name text NOT NULL)");
  await sql.run(
    "CREATE TABLE news.stories (id integer PRIMARY KEY, author_id integer NOT NULL, title text NOT NULL, posted_at timestamptz NOT NULL)",
  );
  await sql.run(
    "CREATE TABLE news.votes (id integer PRIMARY KEY, story_id integer NOT NULL, user_id integer NOT NULL)",
  );
  await sql.run(`INSERT INTO news.users SELECT i, 'user ' || i FROM generate_series(1, ${users}) i`);
  await sql.run(
    `INSERT INTO news.stories SELECT i, 1 + i % ${users}, 'story number ' || i, '2026-01-01'::timestamptz + i * interval '1 minute' FROM generate_series(1, ${stories}) i`,
  );
  // The square of an even number in [0, 1): some stories get many votes, most get few.
  await sql.run(
    `INSERT INTO news.votes SELECT i, 1 + floor(${stories} * power((i::bigint * 7919 % 1000003) / 1000003.0, 2))::integer, 1 + i % ${users} FROM generate_series(1, ${rows}) i`,
  );
  await sql.run("CREATE INDEX ON news.votes (story_id)");
  for (const table of ["users", "stories", "votes"]) await sql.run(`VACUUM ANALYZE news.${table}`);
}

function storiesOf(rows: number): number {
  return Math.ceil(rows / 20);
}

const story = `SELECT s.id, s.title, u.name AS author, count(*) AS votes FROM news.stories s
  JOIN news.users u ON u.id = s.author_id JOIN news.votes v ON v.story_id = s.id`;

export function newsQueries(rows: number): readonly BenchQuery[] {
  return [
    {
      name: "front page: the 30 stories with most votes",
      sql: `${story} GROUP BY s.id, s.title, u.name ORDER BY votes DESC, s.id LIMIT 30`,
      keys: 0,
      view: `${story} GROUP BY s.id, s.title, u.name ORDER BY votes DESC, s.id LIMIT 30`,
      viewKey: "id",
      read: "SELECT * FROM @ ORDER BY votes DESC, id",
    },
    {
      name: "one story with its votes",
      sql: `${story} WHERE s.id = $1 GROUP BY s.id, s.title, u.name`,
      keys: storiesOf(rows),
      view: `${story} GROUP BY s.id, s.title, u.name`,
      viewKey: "id",
      read: "SELECT * FROM @ WHERE id = $1",
    },
  ];
}
