/** The tables the cases below speak of. */
export const SCHEMA = `
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, region text, created timestamptz, mood mood, email varchar(80), score float8, ratio float4);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int NOT NULL, total numeric(12,2), status text, placed date, qty int, note char(4), u uuid, tags text[], ok bool);
CREATE TABLE items (order_id bigint, line int, product text, price numeric, PRIMARY KEY (order_id, line));
CREATE TABLE generated (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE TABLE odd (id int PRIMARY KEY, p point, d positive, iv interval, j jsonb, js json, b bytea, dropped int, last int);
ALTER TABLE odd DROP COLUMN dropped;
CREATE TABLE parted (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE part_one PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
CREATE UNLOGGED TABLE quick (id int);
CREATE VIEW seen AS SELECT id FROM customers;
CREATE MATERIALIZED VIEW stale AS SELECT id FROM customers;
CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE blind_names (name text COLLATE blind, other text COLLATE "en-x-icu");
CREATE FUNCTION own(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE SCHEMA "Other Schema";
CREATE TABLE "Other Schema".orders (id int);
`;

/** Statements whose whole plan is kept as a snapshot. */
export const PLANNED: readonly string[] = [
  "select iv, count(*) from odd where iv = '1 mon' group by iv",
  "select id from odd where iv > '1 day' and last = 3",
  "select * from customers where id = 1",
  "select id from odd where last = $1 and j = '{}'",
  "select count(*) from orders",
  "select email from customers where email = 'a@b'",
  "select id from orders where note = 'ab' and u = $1",
  "select id from orders where $1 = id",
  "select id from orders where customer_id = $1::int8",
  "select id from orders where id in (1, 2, 3) limit 5",
  "select id from orders where id = any($1) order by total desc nulls last, id limit $2 offset 1",
  "select id from orders where qty between 3 and $1",
  "select id from orders where 3 <= qty",
  "select id from orders where qty > 3 and total < 4.5",
  "select id from orders where qty > 3 and qty = 4",
  "select id from orders where id = 1 and id = 2",
  "select id from orders where id = 5.5",
  "select id from customers where ratio = 0.5 and score = 0.5",
  "select id from customers where mood in ('ok', 'sad') and created >= '2024-01-01'",
  "select id from customers where created = '2024-01-01 00:00+00' or mood = 'ok'",
  "select id from orders where placed = '2020-01-01' or placed is null",
  "select id from orders where ok and not (status like 'a%') and ok is not false",
  "select * from customers c join orders o using (id) where id = 3",
  "select c.name, o.id from customers c left join orders o on o.customer_id = c.id and o.qty > 2 and c.mood = 'ok' where c.region = $1",
  "select c.name, o.id from orders o right join customers c on o.customer_id = c.id where o.id is null",
  "select c.name, o.id from customers c left join orders o on o.customer_id = c.id where o.qty not in (1) and o.status || c.name = 'x'",
  "with x as (select * from customers order by name limit 3) select a.name, b.region from x a, x b where a.id = b.id",
  "select c.name from orders o, items i, customers c where o.id = i.order_id and c.id = o.customer_id and i.product = 'p'",
  "select a.id from orders a, customers b where a.customer_id = b.id + 1 and b.id > a.qty",
  "select 1 as one from orders cross join items where false",
  "select name, count(*) from customers where region = 'x' and name like 'a%' group by name order by 2 desc limit 5",
  "select coalesce(sum(total), 0), count(*) from orders where customer_id = $1",
  "select max(placed), min(mood) from orders, customers where customers.id = orders.customer_id",
  "select count(*) from orders where customer_id = 1 having count(*) > 0",
  "select count(*) from orders where customer_id in (1, 2)",
  "select customer_id, count(*) from orders where customer_id in (1, 2) group by 1",
  "select status, sum(qty) from orders where qty > 3 group by status",
  `select customer_id, string_agg(status, ',' order by total desc nulls last) filter (where ok), array_agg(distinct qty) from orders group by customer_id`,
  "select bool_and(ok), bit_or(qty), json_object_agg(id, u order by placed), JSON_ARRAYAGG(qty ORDER BY id) from orders",
  "select sum(distinct qty), avg(qty) filter (where total > 1), count(*) filter (where ok), count(distinct status) from orders",
  "select c.id, c.name, count(o.id) from customers c left join orders o on o.customer_id = c.id group by c.id having c.email || 'x' = 'ax'",
  "select email, count(*) from customers where email in ('a', 'b') group by email having email || 'x' <> 'ax'",
  "select qty + 1, count(*) from orders group by qty + 1 order by qty + 1 desc",
  "select distinct region from customers where id = 1",
  "select distinct region from customers where id in (1, 2)",
  "select distinct region from customers where region in ('a', 'b')",
  "select customer_id as c, id from orders union all select id, id from customers",
  "select name from customers union select email from customers order by 1 limit 3",
  "select x from (select distinct region as x from customers) s where x = 'a' order by x",
  "select id, c.name, o.qty from orders o full join customers c using (id)",
  "select c.id, o.id from orders o full join customers c on o.customer_id = c.id and o.qty > 3 where c.region = 'x'",
  "select c.id, o.id from orders o full join customers c on o.customer_id = c.id where o.qty > 3 and c.name is null",
  "select c.id, o.id from orders o full join customers c on o.customer_id = c.id where o.qty > c.score",
  "select c.id, o.id from orders o full join customers c on true",
  "select id from customers intersect select customer_id from orders",
  "(select name from customers order by created limit 3) except all select status from orders order by 1 limit 5",
  "select id from customers intersect all (select id from orders except select order_id from items) union all select 1 from odd",
  "select distinct on (status) id from orders",
  "select distinct on (status, qty + 1) status, id from orders where customer_id = 3 order by qty + 1, status desc, total limit 5",
  "select distinct on (status) status, id from orders where status in ('a', 'b') order by status, placed",
  "select s.id from (select distinct on (status) id, total from orders order by status, placed desc) s where s.total > 4.5",
  "select id, total from orders where qty = 4 order by total desc fetch first 3 rows with ties",
  "select id from orders order by total, qty offset 2 fetch first row with ties",
  "select s.region from (select region from customers order by score fetch first 2 rows with ties) s",
  "select s.n, o.id from (select id, name as n, created from customers order by created limit 3 offset 1) s, orders o where s.id = o.customer_id",
  "with x as (select * from customers where region = 'eu') select a.name, b.name from x a join x b on a.id = b.id + 1 where a.id = 1",
  "select c.name, o.n from customers c left join (select customer_id, count(*) n from orders group by 1) o on o.customer_id = c.id where c.id = 5",
  "select case mood when 'ok' then 1 when 'sad' then 2 else 3 end, case when id > 3 then name end from customers",
  "select 'k', greatest(qty, 3), nullif(qty, 0), qty is distinct from 4, status is null, tags from orders where tags = '{a}' order by 1, qty + 1",
  "select round(total), round(total, 1), total::int, total::text, qty::text, total::numeric(10,1) from orders",
  "select id from orders where qty not in (1, 2) and id in (qty, 7)",
  'select name collate "C" as n from customers order by name collate "C"',
  "select id from only parent",
  "select id from parent",
  "select id, v from parted where id = 1",
  "select id from part_one",
  "select a, b from generated where b > 4",
  "select s.id from seen s where s.id = 3",
  "select id, a from generated where a = 5",
];

/** Statements planned with their literals as constants. */
export const WRITTEN: readonly string[] = [
  "select id, total from orders where qty = 4 order by total desc limit 3",
  "select status, count(*) from orders where qty in (1, 2) group by status",
  "select count(*) from customers where email in ('a', 'b')",
  "select c.id, o.id from customers c join orders o on o.customer_id = c.id",
  "select name, region from customers union select status, note from orders",
];

const NO = "0A000";

/** Statement, SQLSTATE, and what its message says. */
export const REFUSED: readonly (readonly [text: string, code: string, reason: string])[] = [
  ["select nope from customers", "42703", 'column "nope" does not exist'],
  ["select * from nowhere", "42P01", 'relation "nowhere" does not exist'],
  ["select from where", "42601", "syntax error"],
  ["select id from orders where status = 5", "42883", "operator does not exist"],
  ["select id from orders where id = 'x'", "22P02", "invalid input syntax"],
  ["select id from customers limit count(*)", "42803", "aggregate"],
  ["insert into parent values (1)", NO, "not a plain SELECT"],
  ["select id into temp x from customers", NO, "not a plain SELECT"],
  ["select 1", NO, "reads no table"],
  ["values (1)", NO, "not supported"],
  ["select now() from customers", NO, "function now() is STABLE"],
  ["select random() from customers", NO, "function random() is VOLATILE"],
  ["select own(id) from customers", NO, "function public.own() is not built in"],
  ["select current_date from customers", NO, "CURRENT_DATE"],
  ["select id from customers where created > '2024-01-01' or id = 3", NO, "TimeZone"],
  ["select id from orders where placed > 'today' or id = 2", NO, "TimeZone"],
  ["select id from customers where created > 'now' or id = 2", NO, "current time"],
  ["select p from odd", NO, "column odd.p has type point"],
  ["select d from odd", NO, "column odd.d has type positive"],
  ["select ctid from orders", NO, "system columns"],
  ["select o from orders o", NO, "whole row"],
  ["select id from stale", NO, "materialized view"],
  ["select id from quick", NO, "unlogged"],
  ["select oid from pg_class", NO, "system catalog"],
  ["select id from orders tablesample system (10)", NO, "TABLESAMPLE"],
  ["select id from orders for update", NO, "plain SELECT"],
  ["select * from generate_series(1, 3) g", NO, "function in FROM"],
  ["select generate_series(1, id) from customers", NO, "return sets"],
  ["select id from customers where exists (select 1 from orders)", NO, "subquery in an expression"],
  ["select id from customers where id in (select customer_id from orders)", NO, "subquery in an expression"],
  [
    "select c.id, x.id from customers c, lateral (select id from orders where customer_id = c.id) x",
    NO,
    "query around it",
  ],
  ["select rank() over (order by id) from orders", NO, "window functions"],
  ["select distinct on (status) id from orders where qty > $1", NO, "parameter $1"],
  ["select distinct on (status) id from orders where qty = any($1)", NO, "parameter $1"],
  ["select status, qty, count(*) from orders group by rollup (status, qty)", NO, "GROUPING SETS"],
  ["select xmlagg(xmlelement(name x)) from orders", NO, "aggregate xmlagg()"],
  ["select sum(iv) from odd", NO, "sum(interval)"],
  ["select id from orders order by id fetch first $1 rows with ties", NO, "parameter $1"],
  ["select id from orders where qty > $1 order by id fetch first 2 rows with ties", NO, "parameter $1"],
  ["select distinct on (tags) id from orders order by tags", NO, "ORDER BY over type text[]"],
  ["select 1 from orders o full join customers c on o.qty > c.id", NO, "FULL JOIN"],
  ["select js from odd except select '{}'::json", "42883", "equality operator"],
  ["select js from odd intersect select js from odd", "42883", "equality operator"],
  ["with recursive r as (select id from customers union all select id from r) select * from r", NO, "RECURSIVE"],
  ["select tags[1] from orders", NO, "array subscripts"],
  ["select tags::varchar[] from orders", NO, "array type"],
  ["select other from blind_names order by other", NO, 'collation "en-x-icu"'],
  ["select name from blind_names where name = 'a'", NO, "nondeterministic"],
  ["select min(other) from blind_names", NO, 'collation "en-x-icu"'],
  ["select other from blind_names where other > $1", NO, 'collation "en-x-icu"'],
  ["select tags from orders order by tags", NO, "ORDER BY over type text[]"],
  ["select j from odd order by j", NO, "ORDER BY over type jsonb"],
  ["select j from odd where last = 1 or j = '{}'", NO, "constants of type jsonb"],
  ["select $1::int from customers", NO, "parameter $1"],
  ["select id from customers where id + $1 = 3", NO, "parameter $1"],
  ["select id from customers where id = 2 or id = $1", NO, "parameter $1"],
  ["select id from customers where id = $1 and id = $2", NO, "parameter $2"],
  ["select id from orders where qty > $1 and total < $2", NO, "parameter $2"],
  ["select region from customers group by region having count(*) > $1", NO, "parameter $1"],
  ["select count(*) from orders where id = any($1)", NO, "parameter $1"],
  ["select distinct status from orders where qty < $1", NO, "parameter $1"],
  ["select x.id from (select id from orders limit $1) x", NO, "parameter $1"],
  ["select id from orders where customer_id = $1 and id = $1", NO, "parameter $1"],
  ["select 1 / count(*) from orders where id = 4", NO, "over no rows"],
  ["select id from orders limit 1 + 1", NO, "LIMIT is computed"],
];
