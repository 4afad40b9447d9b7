import { functionFeatures } from "./function-features.ts";
import { typeFeatures } from "./type-features.ts";

/** One line of docs/sql-support.md: a feature and a query over the demo shop that uses it. */
export interface SqlFeature {
  readonly area: string;
  readonly feature: string;
  readonly sql: string;
}

function area(name: string, features: readonly (readonly [feature: string, sql: string])[]): readonly SqlFeature[] {
  return features.map(([feature, sql]) => ({ area: name, feature, sql }));
}

const tables = area("Tables and joins", [
  ["one table", "SELECT id, name FROM customers"],
  ["`SELECT *`", "SELECT * FROM products"],
  ["inner join", "SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id"],
  ["join by `USING`", "SELECT i.line, r.rating FROM order_items i JOIN reviews r USING (product_id)"],
  ["`NATURAL JOIN`", "SELECT product_id FROM order_items NATURAL JOIN reviews"],
  ["join by `WHERE`", "SELECT o.id, c.name FROM orders o, customers c WHERE c.id = o.customer_id"],
  [
    "join of three tables",
    "SELECT c.region, i.line FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id",
  ],
  ["self join", "SELECT a.id, b.id FROM products a JOIN products b ON b.price = a.price AND b.id > a.id"],
  ["`LEFT JOIN`", "SELECT p.name, r.rating FROM products p LEFT JOIN reviews r ON r.product_id = p.id"],
  ["`RIGHT JOIN`", "SELECT p.name, r.rating FROM reviews r RIGHT JOIN products p ON r.product_id = p.id"],
  ["`FULL JOIN`", "SELECT p.name, r.rating FROM products p FULL JOIN reviews r ON r.product_id = p.id"],
  ["`FULL JOIN … USING`", "SELECT id, name, rating FROM products FULL JOIN reviews USING (id)"],
  ["`CROSS JOIN`", "SELECT a.id, b.id FROM products a CROSS JOIN products b"],
  ["join by inequality only", "SELECT a.id, b.id FROM products a JOIN products b ON a.price < b.price"],
  [
    "`LEFT JOIN` with a further condition",
    "SELECT p.id, r.id FROM products p LEFT JOIN reviews r ON r.product_id = p.id AND r.rating = 5",
  ],
  [
    "`LATERAL` subquery with a reference",
    "SELECT p.id, l.id FROM products p, LATERAL (SELECT r.id FROM reviews r WHERE r.product_id = p.id) l",
  ],
  [
    "`LATERAL` subquery with `LIMIT` (the first rows of each)",
    "SELECT c.id, l.id FROM customers c LEFT JOIN LATERAL (SELECT o.id FROM orders o WHERE o.customer_id = c.id ORDER BY o.ordered_at DESC LIMIT 3) l ON true",
  ],
  ["subquery in `FROM`", "SELECT s.n FROM (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) s"],
  [
    "join with an aggregating subquery",
    "SELECT c.name, s.n FROM customers c JOIN (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) s ON s.customer_id = c.id",
  ],
  ["CTE", "WITH paid AS (SELECT * FROM orders WHERE status = 'paid') SELECT id FROM paid"],
  ["CTE used twice", "WITH o AS (SELECT * FROM orders) SELECT a.id FROM o a JOIN o b ON b.id = a.customer_id"],
  [
    "`WITH RECURSIVE … UNION ALL`",
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n",
  ],
  [
    "`WITH RECURSIVE … UNION`",
    "WITH RECURSIVE r AS (SELECT id FROM products WHERE id < 5 UNION SELECT v.product_id FROM r JOIN reviews v ON v.id = r.id) SELECT id FROM r",
  ],
  [
    "`WITH RECURSIVE … CYCLE`",
    "WITH RECURSIVE r AS (SELECT id FROM products UNION ALL SELECT v.product_id FROM r JOIN reviews v ON v.id = r.id) CYCLE id SET c USING p SELECT id FROM r",
  ],
  ["`VALUES` in `FROM`", "SELECT v.x FROM (VALUES (1), (2)) v(x)"],
  ["no table", "SELECT 1"],
  ["function in `FROM`", "SELECT g FROM generate_series(1, 3) g"],
  ["`VALUES` as a statement", "VALUES (1, 'a'), (2, 'b')"],
  ["subquery without a table", "SELECT p.id, k.n FROM products p JOIN (SELECT 1 AS n) k ON k.n = p.id"],
  ["`WHERE false`", "SELECT id FROM orders WHERE false"],
  ["`WITH ORDINALITY`", "SELECT g, n FROM generate_series(1, 3) WITH ORDINALITY AS f(g, n)"],
  ["`ROWS FROM`", "SELECT a, b FROM ROWS FROM (generate_series(1, 3), string_to_table('a,b', ',')) AS f(a, b)"],
  ["function in `FROM` over another item's columns", "SELECT s.id, x FROM samples s, unnest(s.an_array) AS x"],
  [
    "`LATERAL` function in an outer join",
    "SELECT s.id, x FROM samples s LEFT JOIN LATERAL unnest(s.an_array) AS x ON x > 1",
  ],
  ["`LATERAL` `VALUES`", "SELECT p.id, v.x FROM products p, LATERAL (VALUES (p.price), (p.price * 2)) v(x)"],
  ["`jsonb_each_text`", "SELECT p.id, e.key, e.value FROM products p, jsonb_each_text(p.attributes) e"],
  ["`TABLESAMPLE`", "SELECT id FROM orders TABLESAMPLE SYSTEM (1)"],
  ["partitioned table", "SELECT id, kind FROM events"],
  ["one partition", "SELECT id, kind FROM events_1"],
  ["table with children that inherit", "SELECT id FROM parents"],
  ["`FROM ONLY`", "SELECT id FROM ONLY parents"],
  ["`tableoid`", "SELECT tableoid, id FROM events"],
  ["generated column (stored)", "SELECT id, doubled FROM samples"],
  ["generated column as a key", "SELECT id FROM samples WHERE doubled = $1"],
  ["view", "SELECT id FROM paid_orders"],
  ["view of a view, with a parameter", "SELECT id FROM paid_customer_orders WHERE name = $1"],
  ["materialized view", "SELECT region FROM region_totals"],
  ["unlogged table", "SELECT id FROM scratch"],
  ["system catalogs", "SELECT relname FROM pg_catalog.pg_class"],
  ["system columns", "SELECT ctid FROM orders"],
  ["whole row as a value", "SELECT o FROM orders o"],
]);

const conditions = area("Conditions and parameters", [
  ["`column = parameter`", "SELECT name FROM customers WHERE id = $1"],
  ["`column = literal` (one cache for all literals)", "SELECT name FROM customers WHERE id = 42"],
  ["several equality parameters", "SELECT id FROM orders WHERE customer_id = $1 AND status = $2"],
  ["`IN` list of parameters", "SELECT name FROM customers WHERE id IN ($1, $2, $3)"],
  ["`IN` list of literals", "SELECT name FROM customers WHERE id IN (1, 2, 3)"],
  ["`= ANY (array parameter)`", "SELECT name FROM customers WHERE id = ANY ($1)"],
  ["`= ANY (array parameter)` with a cast", "SELECT name FROM customers WHERE region = ANY ($1::text[])"],
  ["`IN` list under an aggregate", "SELECT count(*) FROM orders WHERE customer_id IN ($1, $2)"],
  ["range parameter", "SELECT id FROM orders WHERE ordered_at >= $1"],
  ["`BETWEEN` two parameters", "SELECT id FROM products WHERE price BETWEEN $1 AND $2"],
  ["equality and range parameter", "SELECT id FROM orders WHERE customer_id = $1 AND ordered_at > $2"],
  ["two range parameters on different columns", "SELECT id FROM products WHERE price > $1 AND weight_kg < $2"],
  ["range parameter under an aggregate", "SELECT count(*) FROM orders WHERE ordered_at >= $1"],
  ["equality parameter under an aggregate", "SELECT count(*), max(ordered_at) FROM orders WHERE customer_id = $1"],
  [
    "parameter on a joined table",
    "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.region = $1",
  ],
  [
    "parameter in the `ON` of an inner join",
    "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id AND c.region = $1",
  ],
  [
    "parameters in the `ON` of inner joins: `IN`, ranges, beside an outer join",
    "SELECT o.id, r.rating FROM orders o JOIN customers c ON c.id = o.customer_id AND c.region IN ($1, $2) AND o.ordered_at > $3 LEFT JOIN reviews r ON r.id = o.id",
  ],
  [
    "parameter in the `ON` of an outer join",
    "SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.region = $1",
  ],
  ["parameter in the select list", "SELECT id, $1::int FROM products"],
  ["parameter in `HAVING`", "SELECT category, count(*) FROM products GROUP BY category HAVING count(*) > $1"],
  [
    "parameters in `HAVING`, beside a key",
    "SELECT category, count(*) FROM products WHERE in_stock = $1 GROUP BY category HAVING count(*) <> $2 AND max(price) < $3",
  ],
  ["parameter under `OR`", "SELECT id FROM products WHERE id = $1 OR category = 'Toys'"],
  ["parameter with `<>`", "SELECT id FROM products WHERE category <> $1"],
  ["parameter in arithmetic", "SELECT id FROM products WHERE price > 2 * $1"],
  ["parameter of `LIKE`", "SELECT id FROM products WHERE name LIKE $1"],
  [
    "parameter of `LIKE`, regular expressions, beside a key",
    "SELECT id FROM products WHERE category = $1 AND name LIKE $2",
  ],
  ["parameter in arithmetic, beside a key", "SELECT id FROM products WHERE category = $1 AND price > 2 * $2"],
  [
    "parameters under `OR`, `<>`, `CASE`, beside a key",
    "SELECT id FROM products WHERE category = $1 AND (id = $2 OR price > $3)",
  ],
  [
    "literal conditions of any kind",
    "SELECT id FROM products WHERE name LIKE 'Red%' AND (price > 100 OR NOT in_stock)",
  ],
  ["`IS NULL`, `IS DISTINCT FROM`", "SELECT id FROM orders WHERE note IS NULL OR note IS DISTINCT FROM 'x'"],
  ["`NOT IN` list", "SELECT id FROM products WHERE category NOT IN ('Home', 'Toys')"],
]);

const aggregates = area("Grouping and aggregates", [
  ["`count(*)`, `count(x)`", "SELECT status, count(*), count(note) FROM orders GROUP BY status"],
  ["`sum`, `avg` of numeric", "SELECT customer_id, sum(shipping), avg(shipping) FROM orders GROUP BY customer_id"],
  ["`sum`, `avg` of integers", "SELECT product_id, sum(quantity), avg(quantity) FROM order_items GROUP BY product_id"],
  [
    "`sum`, `avg` of double precision",
    "SELECT category, sum(weight_kg), avg(weight_kg) FROM products GROUP BY category",
  ],
  [
    "`min`, `max` of numbers and dates",
    "SELECT category, min(price), max(released_on) FROM products GROUP BY category",
  ],
  ["`min`, `max` of text in byte order", 'SELECT min(name COLLATE "C") FROM customers'],
  ["`min`, `max` of text by another collation", 'SELECT min(name COLLATE "und-x-icu") FROM customers'],
  ["aggregate without `GROUP BY`", "SELECT count(*), sum(shipping) FROM orders"],
  ["aggregate with `FILTER`", "SELECT count(*) FILTER (WHERE rating = 5) FROM reviews"],
  ["aggregate with `DISTINCT`", "SELECT count(DISTINCT customer_id) FROM orders"],
  ["aggregate of an expression", "SELECT sum(quantity * unit_price) FROM order_items"],
  ["`HAVING`", "SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) > 10"],
  ["`GROUP BY` an expression", "SELECT extract(year FROM released_on), count(*) FROM products GROUP BY 1"],
  ["`GROUP BY` text", "SELECT region, count(*) FROM customers GROUP BY region"],
  ["`SELECT DISTINCT`", "SELECT DISTINCT category FROM products"],
  ["`DISTINCT ON`", "SELECT DISTINCT ON (customer_id) id FROM orders ORDER BY customer_id, ordered_at"],
  [
    "`ROLLUP`",
    "SELECT region, newsletter, count(*) FROM customers GROUP BY ROLLUP (region, newsletter) HAVING count(*) > 1",
  ],
  [
    "`CUBE`, `GROUPING()`",
    "SELECT region, grouping(region, newsletter), count(*) FROM customers GROUP BY CUBE (region, newsletter)",
  ],
  [
    "`GROUPING SETS`",
    "SELECT region, newsletter, count(DISTINCT name) FROM customers GROUP BY GROUPING SETS ((region), (newsletter), ())",
  ],
  [
    "`ROLLUP` with an equality parameter",
    "SELECT region, count(*) FROM customers WHERE newsletter = $1 GROUP BY ROLLUP (region)",
  ],
  ["`bool_and`, `bool_or`, `every`", "SELECT bool_and(in_stock), bool_or(in_stock), every(in_stock) FROM products"],
  ["`bit_and`, `bit_or`, `bit_xor`", "SELECT bit_and(rating), bit_or(rating), bit_xor(rating) FROM reviews"],
  ["`any_value`", "SELECT category, any_value(name) FROM products GROUP BY category"],
  ["`string_agg`", "SELECT string_agg(name, ',') FROM products"],
  [
    "`string_agg` with `ORDER BY`, `FILTER`",
    "SELECT category, string_agg(name, ', ' ORDER BY price DESC) FILTER (WHERE in_stock) FROM products GROUP BY category",
  ],
  ["`string_agg(DISTINCT …)` in byte order", "SELECT string_agg(DISTINCT category COLLATE \"C\", ',') FROM products"],
  ["`array_agg`", "SELECT customer_id, array_agg(id ORDER BY ordered_at) FROM orders GROUP BY customer_id"],
  ["`array_agg(DISTINCT …)`", "SELECT array_agg(DISTINCT rating) FROM reviews"],
  ["`array_agg` of arrays", "SELECT array_agg(an_array) FROM samples"],
  ["`json_agg`, `jsonb_agg`", "SELECT json_agg(id ORDER BY id), jsonb_agg(price ORDER BY id) FROM products"],
  ["`json_agg` of values that session settings show differently", "SELECT json_agg(ordered_at) FROM orders"],
  [
    "`range_agg`, `range_intersect_agg`",
    "SELECT an_interval, range_agg(a_range), range_intersect_agg(a_range) FROM samples GROUP BY an_interval",
  ],
  [
    "`json_object_agg`, `jsonb_object_agg`",
    "SELECT json_object_agg(id, name ORDER BY id), jsonb_object_agg(id, price) FROM products",
  ],
  ["`JSON_ARRAYAGG`", "SELECT JSON_ARRAYAGG(id ORDER BY id) FROM products"],
  ["`JSON_OBJECTAGG`", "SELECT JSON_OBJECTAGG(id : name WITH UNIQUE KEYS) FROM products"],
  [
    "`stddev`, `variance` (`_pop`, `_samp`) of integers and numeric",
    "SELECT stddev(price), var_pop(id), variance(price), stddev_pop(price) FROM products",
  ],
  ["`stddev`, `variance` of double precision", "SELECT category, stddev(weight_kg) FROM products GROUP BY category"],
  ["`covar_pop`, `covar_samp`, `corr`", "SELECT covar_pop(weight_kg, id), corr(weight_kg, id) FROM products"],
  ["`regr_*`", "SELECT regr_slope(weight_kg, id), regr_intercept(weight_kg, id), regr_r2(weight_kg, id) FROM products"],
  [
    "`sum`, `avg` of intervals (also infinite ones), `sum` of money",
    "SELECT sum(an_interval), avg(an_interval), sum(a_money) FROM samples",
  ],
  ["`mode`", "SELECT mode() WITHIN GROUP (ORDER BY rating) FROM reviews"],
  [
    "`percentile_cont`, `percentile_disc`",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY weight_kg), percentile_disc(0.9) WITHIN GROUP (ORDER BY price) FROM products",
  ],
  [
    "percentiles for an array of fractions",
    "SELECT percentile_disc(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY price) FROM products",
  ],
  [
    "`rank`, `dense_rank`, `percent_rank`, `cume_dist` of a hypothetical row",
    "SELECT rank(3) WITHIN GROUP (ORDER BY rating), cume_dist(3) WITHIN GROUP (ORDER BY rating) FROM reviews",
  ],
]);

const rest = area("Subqueries, sets, windows, order", [
  ["`EXISTS`", "SELECT id FROM products p WHERE EXISTS (SELECT FROM reviews r WHERE r.product_id = p.id)"],
  ["`IN (SELECT …)`", "SELECT id FROM products WHERE id IN (SELECT product_id FROM reviews)"],
  ["`NOT EXISTS`", "SELECT id FROM products p WHERE NOT EXISTS (SELECT FROM reviews r WHERE r.product_id = p.id)"],
  [
    "`EXISTS` by another comparison",
    "SELECT id FROM products p WHERE EXISTS (SELECT FROM products q WHERE q.price > p.price)",
  ],
  ["`NOT IN (SELECT …)`", "SELECT id FROM products WHERE id NOT IN (SELECT product_id FROM reviews)"],
  [
    "`IN` of several columns",
    "SELECT id FROM orders WHERE (customer_id, id) IN (SELECT r.customer_id, r.id FROM reviews r)",
  ],
  ["`= ANY`, `> ALL (SELECT …)`", "SELECT id FROM products WHERE price > ALL (SELECT unit_price FROM order_items)"],
  ["`EXISTS` and `IN` as values", "SELECT id, id IN (SELECT product_id FROM reviews) FROM products"],
  ["scalar subquery", "SELECT id, (SELECT count(*) FROM reviews) FROM products"],
  [
    "scalar subquery with a reference",
    "SELECT c.id, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customers c",
  ],
  [
    "scalar subquery in `WHERE`",
    "SELECT id FROM products p WHERE p.price > (SELECT avg(q.price) FROM products q WHERE q.category = p.category)",
  ],
  [
    "scalar subquery of a row (an error in PostgreSQL when there are more)",
    "SELECT o.id, (SELECT c.name FROM customers c WHERE c.id = o.customer_id) FROM orders o",
  ],
  [
    "subquery beside a parameter",
    "SELECT id FROM products p WHERE category = $1 AND EXISTS (SELECT FROM reviews r WHERE r.product_id = p.id)",
  ],
  ["parameter in a subquery", "SELECT id FROM products WHERE id IN (SELECT product_id FROM reviews WHERE rating = $1)"],
  [
    "references through several levels",
    "SELECT c.id FROM customers c WHERE EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id AND NOT EXISTS (SELECT FROM order_items i WHERE i.order_id = o.id AND i.product_id = c.id))",
  ],
  [
    "subquery over groups",
    "SELECT region, (SELECT count(*) FROM products p WHERE p.category = c.region) FROM customers c GROUP BY region HAVING count(*) > (SELECT min(rating) FROM reviews)",
  ],
  ["`ARRAY(SELECT …)`", "SELECT id, ARRAY(SELECT r.id FROM reviews r WHERE r.product_id = p.id) FROM products p"],
  ["`UNION ALL`", "SELECT id FROM orders UNION ALL SELECT id FROM customers"],
  ["`UNION`", "SELECT customer_id FROM orders UNION SELECT customer_id FROM reviews"],
  ["`INTERSECT`", "SELECT customer_id FROM orders INTERSECT SELECT customer_id FROM reviews"],
  ["`EXCEPT`", "SELECT id FROM customers EXCEPT SELECT customer_id FROM orders"],
  ["`INTERSECT ALL`", "SELECT customer_id FROM orders INTERSECT ALL SELECT customer_id FROM reviews"],
  ["`EXCEPT ALL`", "SELECT customer_id FROM orders EXCEPT ALL SELECT customer_id FROM reviews"],
  [
    "nested set operations",
    "SELECT id FROM customers EXCEPT (SELECT customer_id FROM orders UNION ALL SELECT customer_id FROM reviews ORDER BY 1 LIMIT 10)",
  ],
  ["`row_number`, `rank`, `dense_rank`", "SELECT id, rank() OVER (ORDER BY price DESC) FROM products"],
  [
    "`percent_rank`, `cume_dist`, `ntile`",
    "SELECT id, ntile(4) OVER (ORDER BY price), cume_dist() OVER (ORDER BY price) FROM products",
  ],
  ["`lag`, `lead`", "SELECT id, lag(shipping, 1, 0) OVER (PARTITION BY customer_id ORDER BY id) FROM orders"],
  [
    "`first_value`, `last_value`, `nth_value`",
    "SELECT id, first_value(name) OVER (ORDER BY price), nth_value(name, 2) OVER (ORDER BY price) FROM products",
  ],
  ["running aggregate", "SELECT id, sum(shipping) OVER (PARTITION BY customer_id ORDER BY id) FROM orders"],
  [
    "aggregate over the whole partition",
    "SELECT id, shipping / sum(shipping) OVER (PARTITION BY customer_id) FROM orders",
  ],
  [
    "`ROWS` frame, `EXCLUDE`",
    "SELECT id, avg(rating) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING EXCLUDE CURRENT ROW) FROM reviews",
  ],
  [
    "`RANGE` frame with an offset",
    "SELECT id, count(*) OVER (ORDER BY rating RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM reviews",
  ],
  [
    "`RANGE` frame with an interval as its offset",
    "SELECT id, count(*) OVER (ORDER BY a_timestamp RANGE BETWEEN '1 day' PRECEDING AND '2 hours' FOLLOWING) FROM samples",
  ],
  [
    "`GROUPS` frame, `FILTER`",
    "SELECT id, count(*) FILTER (WHERE rating > 3) OVER (ORDER BY product_id GROUPS 1 PRECEDING) FROM reviews",
  ],
  [
    "named windows, several in one query",
    "SELECT id, rank() OVER w, count(*) OVER () FROM products WINDOW w AS (ORDER BY price)",
  ],
  [
    "`string_agg`, `array_agg`, `json_agg` and the like over a window",
    "SELECT id, string_agg(name, ',') OVER (PARTITION BY category ORDER BY id), json_agg(id) OVER (ORDER BY id ROWS 2 PRECEDING) FROM products",
  ],
  ["window over groups", "SELECT region, sum(count(*)) OVER (ORDER BY region) FROM customers GROUP BY region"],
  [
    "the first rows of each partition",
    "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY shipping DESC) AS n FROM orders) o WHERE n <= 3",
  ],
  [
    "window, with a parameter on what it is partitioned by",
    "SELECT id, rank() OVER (PARTITION BY customer_id ORDER BY shipping) FROM orders WHERE customer_id = $1",
  ],
  ["`ORDER BY` numbers and dates", "SELECT id FROM orders ORDER BY ordered_at DESC, id"],
  ["`ORDER BY` text in byte order", 'SELECT id FROM products ORDER BY name COLLATE "C"'],
  ["`ORDER BY` text by another collation", 'SELECT id FROM products ORDER BY name COLLATE "und-x-icu"'],
  ["`ORDER BY … NULLS FIRST`", "SELECT id FROM customers ORDER BY birth_date NULLS FIRST, id"],
  ["`ORDER BY` an expression that is not selected", "SELECT id FROM products ORDER BY price * weight_kg::numeric"],
  ["`LIMIT`, `OFFSET` numbers", "SELECT id FROM orders ORDER BY ordered_at DESC LIMIT 10 OFFSET 20"],
  ["`LIMIT`, `OFFSET` parameters", "SELECT id FROM orders ORDER BY ordered_at DESC LIMIT $1 OFFSET $2"],
  [
    "`LIMIT` with an equality parameter",
    "SELECT id FROM orders WHERE customer_id = $1 ORDER BY ordered_at DESC LIMIT 10",
  ],
  ["`LIMIT` without `ORDER BY`", "SELECT id FROM orders LIMIT 10"],
  ["`LIMIT` in a subquery", "SELECT s.id FROM (SELECT id FROM orders ORDER BY ordered_at DESC LIMIT 10) s"],
  ["`FETCH FIRST … WITH TIES`", "SELECT id FROM products ORDER BY price FETCH FIRST 3 ROWS WITH TIES"],
  [
    "`FETCH FIRST … WITH TIES` in a subquery",
    "SELECT s.id FROM (SELECT id FROM products ORDER BY price OFFSET 1 FETCH FIRST 3 ROWS WITH TIES) s",
  ],
  ["`FETCH FIRST $1 ROWS WITH TIES`", "SELECT id FROM products ORDER BY price FETCH FIRST $1 ROWS WITH TIES"],
]);

const expressions = area("Expressions and functions", [
  ["arithmetic", "SELECT id + 1, price * 2, -weight_kg, id % 7, price / 3 FROM products"],
  [
    "`abs`, `round`, `ceil`, `floor`, `trunc`",
    "SELECT abs(price), round(price, 1), ceil(price), floor(price), trunc(price) FROM products",
  ],
  ["`sqrt` of double precision", "SELECT sqrt(weight_kg) FROM products"],
  [
    "`CASE`, `COALESCE`, `NULLIF`",
    "SELECT CASE WHEN price > 100 THEN 'dear' ELSE 'cheap' END, COALESCE(sku, ''), NULLIF(id, 1) FROM products",
  ],
  ["`GREATEST`, `LEAST`", "SELECT GREATEST(price, 10), LEAST(price, 10) FROM products"],
  ["`||`", "SELECT sku || ' ' || name FROM products"],
  ["`length`, `left`, `substr`", "SELECT length(name), left(name, 3), substr(name, 2, 3) FROM products"],
  ["`lower`, `upper` in byte order", 'SELECT lower(name COLLATE "C"), upper(name COLLATE "C") FROM products'],
  ["`lower`, `upper` by another collation", 'SELECT lower(name COLLATE "und-x-icu") FROM products'],
  ["`trim`, `replace`", "SELECT trim(name), replace(name, 'a', 'b') FROM products"],
  ["`lpad`, `rpad`", "SELECT lpad(sku, 10, '0'), rpad(sku, 10, '.') FROM products"],
  ["`split_part`, `strpos`, `reverse`", "SELECT split_part(sku, '-', 2), strpos(sku, '-'), reverse(sku) FROM products"],
  ["`LIKE`", "SELECT id FROM products WHERE name LIKE 'Red%'"],
  ["`ILIKE` in byte order", "SELECT id FROM products WHERE name COLLATE \"C\" ILIKE 'red%'"],
  ["casts between numbers", "SELECT id::bigint, price::int, weight_kg::numeric FROM products"],
  ["cast to text", "SELECT id::text, price::text FROM products"],
  ["cast of uuid, enum, array, jsonb to text", "SELECT external_id::text FROM customers"],
  ["cast of text to a number", "SELECT left(sku, 2)::int FROM products"],
  ["`extract` from a date", "SELECT extract(year FROM released_on) FROM products"],
  ["`extract`, `date_trunc` from a timestamptz", "SELECT date_trunc('day', ordered_at) FROM orders"],
  ["date ± integer", "SELECT released_on + 30 FROM products"],
  ["`to_char`", "SELECT to_char(price, '999.99') FROM products"],
  ["a column compared with `now()`", "SELECT id FROM orders WHERE ordered_at > now() - INTERVAL '7 days'"],
  ["`CURRENT_DATE`", "SELECT id FROM orders WHERE ordered_at::date < CURRENT_DATE"],
  ["other uses of `now()`", "SELECT id, now() - ordered_at FROM orders"],
  ["`random()`", "SELECT random(), id FROM products"],
  ["jsonb `->`, `->>`", "SELECT attributes -> 'tags', attributes ->> 'color' FROM products"],
  ["jsonb equality", "SELECT a.id FROM products a JOIN products b ON b.attributes = a.attributes"],
  ["set-returning function in the select list", "SELECT id, jsonb_array_elements(attributes -> 'tags') FROM products"],
  [
    "columns of a set-returning function in the select list",
    "SELECT id, (jsonb_each(attributes)).key, (jsonb_each(attributes)).value FROM products",
  ],
  [
    "set-returning function over groups",
    "SELECT category, unnest(array_agg(name ORDER BY id)) FROM products GROUP BY category",
  ],
  ["`md5`", "SELECT md5(name) FROM products"],
]);

/** Every feature that docs/sql-support.md tells of. */
export const sqlFeatures: readonly SqlFeature[] = [
  ...tables,
  ...conditions,
  ...aggregates,
  ...rest,
  ...area("Types of columns", typeFeatures),
  ...expressions,
  ...area("Built-in functions", functionFeatures),
];
