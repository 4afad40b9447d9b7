/** What docs/sql-support.md needs beyond the demo shop: kinds of tables and types that the shop does not have. */
export const sqlFixture = `
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE samples (
  id int PRIMARY KEY, a_real real, a_double double precision, a_text text, a_varchar varchar(10), a_char char(4), a_bytea bytea,
  a_timestamp timestamp, a_json json, an_array int[], a_domain positive, an_interval interval, a_time time, an_inet inet,
  a_range int4range, a_composite pair, a_tsvector tsvector, a_money money, a_bit bit(4), doubled int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE events (id int, kind text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (1000);
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (PRIMARY KEY (id)) INHERITS (parents);
CREATE VIEW paid_orders AS SELECT * FROM orders WHERE status = 'paid';
CREATE VIEW paid_customer_orders AS SELECT p.id, c.name FROM paid_orders p JOIN customers c ON c.id = p.customer_id;
CREATE MATERIALIZED VIEW region_totals AS SELECT region, count(*) FROM customers GROUP BY region;
CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY);
`;
