import type { SqlClient } from "../system/sql-client.ts";

/** The shop of `queries` and `changes`: customers, orders and `rows` items. */
export interface Shop {
  readonly schema: string;
  readonly rows: number;
}

export const accountsQuery = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";
export const markerQuery = "SELECT value FROM bench_marker WHERE id = 1";

export function shopQuery({ schema }: Shop): string {
  return (
    `SELECT c.region, count(*) AS items, sum(i.quantity * i.price) AS revenue FROM ${schema}.items i ` +
    `JOIN ${schema}.orders o ON o.id = i.order_id JOIN ${schema}.customers c ON c.id = o.customer_id ` +
    `GROUP BY c.region ORDER BY c.region`
  );
}

/** The table of pgbench -S, with pgbench's own columns. */
export async function createAccounts(sql: SqlClient, rows: number): Promise<void> {
  await sql.run(
    "CREATE TABLE pgbench_accounts (aid integer NOT NULL, bid integer, abalance integer, filler character(84))",
  );
  await sql.run(
    `INSERT INTO pgbench_accounts SELECT i, 1 + i / 100000, i % 1000, '' FROM generate_series(1, ${rows}) i`,
  );
  await sql.run("ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)");
  await sql.run("VACUUM ANALYZE pgbench_accounts");
}

export async function createMarker(sql: SqlClient): Promise<void> {
  await sql.run("CREATE TABLE bench_marker (id integer PRIMARY KEY, value bigint NOT NULL)");
  await sql.run("INSERT INTO bench_marker VALUES (1, 0)");
}

export async function createShop(sql: SqlClient, { schema, rows }: Shop): Promise<void> {
  const [orders, customers] = [ordersOf(rows), Math.ceil(rows / 100)];
  await sql.run(`CREATE SCHEMA ${schema}`);
  await sql.run(`CREATE TABLE ${schema}.customers (id integer PRIMARY KEY, region text NOT NULL)`);
  await sql.run(`CREATE TABLE ${schema}.orders (id integer PRIMARY KEY, customer_id integer NOT NULL)`);
  await sql.run(
    `CREATE TABLE ${schema}.items (id bigint PRIMARY KEY, order_id integer NOT NULL, quantity integer NOT NULL, price numeric(10,2) NOT NULL)`,
  );
  await sql.run(
    `INSERT INTO ${schema}.customers SELECT i, 'region ' || i % 20 FROM generate_series(1, ${customers}) i`,
  );
  await sql.run(
    `INSERT INTO ${schema}.orders SELECT i, 1 + i * 31 % ${customers} FROM generate_series(1, ${orders}) i`,
  );
  await sql.run(
    `INSERT INTO ${schema}.items SELECT i, 1 + i * 7 % ${orders}, 1 + i % 5, (i % 10000) / 100.0 FROM generate_series(1::bigint, ${rows}) i`,
  );
  await sql.run(commitProcedure(schema, rows));
  for (const table of ["customers", "orders", "items"]) await sql.run(`VACUUM ANALYZE ${schema}.${table}`);
}

function ordersOf(rows: number): number {
  return Math.ceil(rows / 4);
}

/**
 * Makes `changes` commits of one row each, in turn an insert (of keys after `last`) and an update of any row, and one more that sets
 * the marker. The commits do not wait for the disk, so that the upstream is not what is measured.
 */
function commitProcedure(schema: string, rows: number): string {
  return `CREATE PROCEDURE ${schema}.commit_changes(last bigint, changes integer, marker bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', false);
  FOR i IN 1..changes LOOP
    IF i % 2 = 0 THEN
      INSERT INTO ${schema}.items VALUES (last + i, 1 + i::bigint * 7919 % ${ordersOf(rows)}, 1 + i % 5, (i % 10000) / 100.0);
    ELSE
      UPDATE ${schema}.items SET quantity = quantity % 9 + 1 WHERE id = 1 + i::bigint * 7919 % ${rows};
    END IF;
    COMMIT;
  END LOOP;
  UPDATE bench_marker SET value = marker WHERE id = 1;
  COMMIT;
END $$`;
}

/** A table for the snapshot alone, with rows of an ordinary width. */
export async function createSnapshotTable(sql: SqlClient, rows: number): Promise<void> {
  await sql.run(
    "CREATE TABLE bench_snapshot (id bigint PRIMARY KEY, customer_id integer NOT NULL, amount numeric(10,2) NOT NULL, made timestamptz NOT NULL, note text)",
  );
  await sql.run(
    `INSERT INTO bench_snapshot SELECT i, 1 + i % 1000, (i % 100000) / 100.0, '2026-01-01'::timestamptz + i * interval '1 second', 'order number ' || i FROM generate_series(1::bigint, ${rows}) i`,
  );
  await sql.run("VACUUM ANALYZE bench_snapshot");
}
