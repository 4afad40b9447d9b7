-- The demo shop: 10 k customers, 1 k products, 100 k orders with 250 k items, 30 k reviews.
-- Every value is a hash of its row's number, so each load makes the same shop. To be run in one transaction.

CREATE FUNCTION pg_temp.pick(id bigint, salt int, n int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT ((hashint8extended(id, salt) & 9223372036854775807) % n)::int $$;

CREATE TYPE order_status AS ENUM ('pending', 'paid', 'shipped', 'delivered', 'cancelled', 'returned');

CREATE TABLE customers (
  id           int PRIMARY KEY,
  email        text NOT NULL UNIQUE,
  name         text NOT NULL,
  region       text NOT NULL,
  birth_date   date,
  newsletter   boolean NOT NULL,
  external_id  uuid NOT NULL,
  created_at   timestamptz NOT NULL
);

CREATE TABLE products (
  id           int PRIMARY KEY,
  sku          text NOT NULL UNIQUE,
  name         text NOT NULL,
  category     text NOT NULL,
  price        numeric(10,2) NOT NULL,
  weight_kg    double precision NOT NULL,
  in_stock     boolean NOT NULL,
  attributes   jsonb NOT NULL,
  released_on  date NOT NULL
);

CREATE TABLE orders (
  id           int PRIMARY KEY,
  customer_id  int NOT NULL,
  status       order_status NOT NULL,
  shipping     numeric(10,2) NOT NULL,
  note         text,
  ordered_at   timestamptz NOT NULL
);

CREATE TABLE order_items (
  order_id     int NOT NULL,
  line         smallint NOT NULL,
  product_id   int NOT NULL,
  quantity     int NOT NULL CHECK (quantity > 0),
  unit_price   numeric(10,2) NOT NULL,
  PRIMARY KEY (order_id, line)
);

CREATE TABLE reviews (
  id           bigint PRIMARY KEY,
  product_id   int NOT NULL,
  customer_id  int NOT NULL,
  rating       smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
  title        text NOT NULL,
  body         text,
  verified     boolean NOT NULL,
  created_at   timestamptz NOT NULL
);

INSERT INTO customers
SELECT id,
       'customer' || id || '@example.com',
       (ARRAY['Ada','Bela','Chen','Dara','Emre','Femi','Grace','Hugo','Ines','Jun','Kofi','Lena'])[1 + pg_temp.pick(id, 1, 12)]
         || ' ' ||
       (ARRAY['Adler','Baker','Costa','Diaz','Endo','Fischer','Garcia','Haddad','Ivanov','Jensen'])[1 + pg_temp.pick(id, 2, 10)],
       (ARRAY['Africa','Asia','Europe','North America','Oceania','South America'])[1 + pg_temp.pick(id, 3, 6)],
       CASE WHEN pg_temp.pick(id, 4, 10) > 0 THEN date '1950-01-01' + pg_temp.pick(id, 5, 20000) END,
       pg_temp.pick(id, 6, 3) = 0,
       md5('customer ' || id)::uuid,
       timestamptz '2023-01-01 00:00:00+00' + pg_temp.pick(id, 7, 94608000) * interval '1 second'
FROM generate_series(1, 10000) AS id;

INSERT INTO products
SELECT id,
       'SKU-' || lpad(id::text, 5, '0'),
       (ARRAY['Small','Large','Light','Heavy','Red','Blue','Green','Classic'])[1 + pg_temp.pick(id, 11, 8)]
         || ' ' || (ARRAY['lamp','chair','desk','mug','kettle','tent','bottle','rug','clock','shelf'])[1 + pg_temp.pick(id, 12, 10)]
         || ' ' || id,
       (ARRAY['Home','Kitchen','Office','Outdoor','Toys'])[1 + pg_temp.pick(id, 13, 5)],
       (199 + pg_temp.pick(id, 14, 49800))::numeric / 100,
       round((0.05 + pg_temp.pick(id, 15, 4000) / 100.0)::numeric, 2)::double precision,
       pg_temp.pick(id, 16, 10) > 0,
       jsonb_build_object(
         'color', (ARRAY['red','blue','green','black','white'])[1 + pg_temp.pick(id, 17, 5)],
         'warranty_months', 12 * pg_temp.pick(id, 18, 4),
         'tags', jsonb_build_array('tag' || pg_temp.pick(id, 19, 20), 'tag' || pg_temp.pick(id, 20, 20))),
       date '2020-01-01' + pg_temp.pick(id, 21, 2000)
FROM generate_series(1, 1000) AS id;

INSERT INTO orders
SELECT id,
       1 + pg_temp.pick(id, 31, 10000),
       (ARRAY['pending','paid','shipped','delivered','delivered','delivered','delivered','cancelled','returned']::order_status[])
         [1 + pg_temp.pick(id, 32, 9)],
       pg_temp.pick(id, 33, 2000)::numeric / 100,
       CASE WHEN pg_temp.pick(id, 34, 20) = 0 THEN 'Leave at door ' || pg_temp.pick(id, 35, 90) END,
       timestamptz '2024-01-01 00:00:00+00' + (id * 630 + pg_temp.pick(id, 36, 630)) * interval '1 second'
FROM generate_series(1, 100000) AS id;

INSERT INTO order_items
SELECT o.id, line, p.id, 1 + pg_temp.pick(o.id * 10::bigint + line, 42, 5), p.price
FROM orders o
CROSS JOIN LATERAL generate_series(1, 1 + pg_temp.pick(o.id, 41, 4)) AS line
JOIN products p ON p.id = 1 + pg_temp.pick(o.id * 10::bigint + line, 43, 1000);

INSERT INTO reviews
SELECT id,
       1 + pg_temp.pick(id, 51, 1000),
       1 + pg_temp.pick(id, 52, 10000),
       (ARRAY[1, 2, 3, 4, 4, 4, 5, 5, 5, 5])[1 + pg_temp.pick(id, 53, 10)],
       (ARRAY['Great','Good value','As described','Not for me','Broke early','Would buy again'])[1 + pg_temp.pick(id, 54, 6)],
       CASE WHEN pg_temp.pick(id, 55, 3) > 0 THEN repeat('It does what it should. ', 1 + pg_temp.pick(id, 56, 8)) END,
       pg_temp.pick(id, 57, 4) > 0,
       timestamptz '2024-01-01 00:00:00+00' + pg_temp.pick(id, 58, 63072000) * interval '1 second'
FROM generate_series(1, 30000) AS id;

-- Checked in bulk: row by row the foreign keys would take most of the time.
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders, ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE reviews
  ADD FOREIGN KEY (product_id) REFERENCES products,
  ADD FOREIGN KEY (customer_id) REFERENCES customers;

CREATE INDEX ON orders (customer_id);
CREATE INDEX ON order_items (product_id);
CREATE INDEX ON reviews (product_id);
DROP FUNCTION pg_temp.pick(bigint, int, int);
