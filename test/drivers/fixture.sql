-- What every driver finds in its database: the same rows directly, through Freshet, and through Freshet with caches.
CREATE TABLE item (
  id int PRIMARY KEY, name text, price numeric(10, 2), tags text[], doc jsonb, at timestamptz, raw bytea, flag boolean,
  big bigint, ratio double precision, uid uuid, day date, small smallint, single real, span interval, clock time
);
INSERT INTO item
SELECT i, CASE WHEN i % 7 > 0 THEN 'item ' || i || ' é☃' END, i * 1.25, ARRAY['a' || i, NULL, 'q"{,}'],
  jsonb_build_object('i', i, 'n', NULL, 'l', jsonb_build_array(1, 'x')), timestamptz '2024-02-29 12:00:00.123456+00' + i * interval '1 day',
  decode(lpad(to_hex(i), 8, '0'), 'hex'), CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END, i * 10000000000, i / 3.0, md5(i::text)::uuid,
  date '2000-01-01' + i, i, i * 0.5, i * interval '1 hour 3 seconds', time '00:00:01' + i * interval '1 minute'
FROM generate_series(1, 200) i;
CREATE TABLE scratch (id int PRIMARY KEY, v text);
