/** Built-in functions by family, each with a query over the demo shop. */
export const functionFeatures: readonly (readonly [feature: string, sql: string])[] = [
  [
    "`sqrt`, `ln`, `log`, `exp` of numeric",
    "SELECT sqrt(price), ln(price + 1), log(price + 1), exp(price / 1000) FROM products",
  ],
  ["`power` of numeric", "SELECT power(price, 2), power(1.05, id % 10), price ^ 0.5 FROM products"],
  [
    "`power`, `exp`, `ln`, `sin` of double precision",
    "SELECT power(weight_kg, 2), exp(weight_kg), sin(weight_kg) FROM products",
  ],
  ["`degrees`, `radians`, `pi`", "SELECT degrees(weight_kg), radians(weight_kg), pi() FROM products"],
  [
    "`factorial`, `gcd`, `lcm`, `width_bucket`",
    "SELECT factorial(5), gcd(id, 12), lcm(id, 12), width_bucket(price, 0, 500, 10) FROM products",
  ],
  [
    "`concat`, `concat_ws`, `text || any` of texts, numbers and booleans",
    "SELECT concat(sku, ' ', id), concat_ws(', ', sku, name), name || id FROM products",
  ],
  ["`concat` of other types", "SELECT concat(sku, released_on) FROM products"],
  [
    "`overlay`, `translate`, `initcap`",
    "SELECT overlay(sku PLACING 'xx' FROM 1), translate(sku, 'ab', 'xy'), initcap(sku COLLATE \"C\") FROM products",
  ],
  ["`LIKE … ESCAPE`", "SELECT id FROM products WHERE name LIKE '%!%%' ESCAPE '!'"],
  [
    "`string_to_array`, `quote_literal`, `normalize`",
    "SELECT string_to_array(name, ' '), quote_literal(name), normalize(name) FROM products",
  ],
  ["`encode`, `decode`, `sha256`", "SELECT encode(sha256(decode(sku, 'escape')), 'hex') FROM products"],
  ["`format` with %s and %L", "SELECT format('%s (%5s): %L', name, id, sku) FROM products"],
  ["`quote_ident`, `format` with %I", "SELECT quote_ident(name), format('%I', name) FROM products"],
  ["`SIMILAR TO`", "SELECT id FROM products WHERE name SIMILAR TO '(Red|Blue)%'"],
  ["`array_to_string`", "SELECT array_to_string(an_array, ', ', 'none') FROM samples"],
  ["`to_char` of a timestamp", "SELECT to_char(a_timestamp, 'YYYY-MM-DD, FMMonth FMDDth') FROM samples"],
  ["`to_char` of integers and numeric", "SELECT to_char(price, 'FM999,990.00'), to_char(id, '00000') FROM products"],
  ["`to_char` of numbers by the locale", "SELECT to_char(price, 'L999D99') FROM products"],
  ["`to_char` of a timestamptz", "SELECT to_char(ordered_at, 'YYYY-MM-DD') FROM orders"],
  [
    "array operators `@>`, `<@`, `&&`, `||`",
    "SELECT an_array || id FROM samples WHERE an_array @> ARRAY[1] OR an_array && ARRAY[2]",
  ],
  [
    "`array_position`, `array_remove`, `array_replace`, `cardinality`",
    "SELECT array_position(an_array, 1), array_remove(an_array, 1), array_replace(an_array, 1, 2), cardinality(an_array) FROM samples",
  ],
  [
    "`ARRAY[…]`, `= ANY`, `<> ALL`, `LIKE ANY`",
    "SELECT ARRAY[id, 1] FROM products WHERE id = ANY (ARRAY[id, 2]) AND name LIKE ANY (ARRAY['R%', 'B%'])",
  ],
  ["regular expressions: `~`, `!~`", "SELECT id FROM products WHERE name ~ '^Red|[0-9]+$' AND sku !~ '[^A-Z0-9-]'"],
  ["`~*` in byte order", "SELECT id FROM products WHERE name COLLATE \"C\" ~* '^red'"],
  [
    "`regexp_replace`, `substring … FROM`",
    "SELECT regexp_replace(name, '[aeiou]+', '', 'g'), substring(sku FROM '([A-Z]+)-') FROM products",
  ],
  [
    "`regexp_match`, `regexp_split_to_array`, `regexp_count`",
    "SELECT regexp_match(sku, '(.*)-(.*)'), regexp_split_to_array(name, ' +'), regexp_count(name, 'e') FROM products",
  ],
  [
    "regular expressions with back references or look-ahead",
    "SELECT id FROM products WHERE name ~ '(.)\\\\1' OR name ~ 'a(?=b)'",
  ],
  ["`regexp_matches`, `regexp_split_to_table`", "SELECT id, regexp_split_to_table(name, ' ') FROM products"],
  [
    "jsonb `@>`, `<@`, `?`, `?|`, `?&`",
    "SELECT id FROM products WHERE attributes @> '{\"color\": \"red\"}' OR attributes ?| ARRAY['a', 'b']",
  ],
  [
    "jsonb `#>`, `#>>`, `||`, `-`, `#-`",
    "SELECT attributes #>> '{tags,0}', attributes || '{\"x\": 1}', attributes - 'color', attributes #- '{tags,0}' FROM products",
  ],
  [
    "`jsonb_set`, `jsonb_insert`, `jsonb_strip_nulls`, `jsonb_pretty`",
    "SELECT jsonb_set(attributes, '{color}', '\"red\"'), jsonb_insert(attributes, '{tags,0}', '1'), jsonb_strip_nulls(attributes), jsonb_pretty(attributes) FROM products",
  ],
  [
    "`jsonb_build_object`, `jsonb_build_array`, `to_jsonb` of texts, numbers, booleans, dates",
    "SELECT jsonb_build_object('id', id, 'name', name, 'day', released_on), json_build_array(id, sku), to_jsonb(price) FROM products",
  ],
  [
    "`jsonb_set_lax`, `jsonb_object`, `json_object`, `json_strip_nulls`",
    "SELECT jsonb_set_lax(attributes, '{color}', NULL, true, 'delete_key'), jsonb_object(ARRAY[name, sku]), json_object(ARRAY['a'], ARRAY[name]), json_strip_nulls('{\"a\": null}') FROM products",
  ],
  [
    "`array_fill`, `overlay` of bit strings",
    "SELECT array_fill(id, ARRAY[2, 2]), overlay(a_bit PLACING B'1' FROM 2) FROM samples",
  ],
  [
    "`array_reverse`, `array_sort` (PostgreSQL 18)",
    "SELECT array_reverse(an_array), array_sort(an_array) FROM samples",
  ],
  [
    "`row_to_json`, `to_jsonb` of rows and arrays, `array_to_json`",
    "SELECT row_to_json(a_composite), to_jsonb(ARRAY[id]), array_to_json(an_array) FROM samples",
  ],
  [
    "`json_agg` of the rows of a table",
    "SELECT order_id, json_agg(i ORDER BY line) FROM order_items i GROUP BY order_id",
  ],
  ["jsonb of floats and timestamptz", "SELECT to_jsonb(ordered_at) FROM orders"],
  [
    "json `->`, `->>`, `#>>`, `json_typeof`",
    "SELECT a_json -> 'a', a_json ->> 'b', a_json #>> '{a,0}', json_typeof(a_json) FROM samples",
  ],
  ["jsonpath: `@?`, `@@`", "SELECT id FROM products WHERE attributes @? '$.color' OR attributes @@ '$.size > 3'"],
  [
    "`jsonb_path_exists`, `jsonb_path_match`, `jsonb_path_query_array`, `jsonb_path_query_first`",
    "SELECT jsonb_path_exists(attributes, '$.tags ? (@ == $tag)', '{\"tag\": \"new\"}'), jsonb_path_query_array(attributes, '$.tags[*] ? (@ starts with \"a\")'), jsonb_path_query_first(attributes, 'strict $.**.size()', '{}', true) FROM products",
  ],
  ["`jsonb_path_query`", "SELECT p.id, t.tag FROM products p, jsonb_path_query(p.attributes, '$.tags[*]') AS t(tag)"],
  ["`JSON_VALUE`, `JSON_QUERY`, `JSON_EXISTS`", "SELECT JSON_VALUE(attributes, '$.color') FROM products"],
  [
    "`AT TIME ZONE`, `date_trunc` with a zone of one offset",
    "SELECT ordered_at AT TIME ZONE 'UTC', date_trunc('day', ordered_at, 'UTC') FROM orders",
  ],
  [
    "`AT TIME ZONE`, `date_trunc` with a zone of changing offsets",
    "SELECT ordered_at AT TIME ZONE 'Europe/Berlin', a_timestamp AT TIME ZONE 'America/New_York', date_trunc('day', ordered_at, 'Asia/Tokyo') FROM orders, samples",
  ],
  ["`AT TIME ZONE` with an interval", "SELECT ordered_at AT TIME ZONE INTERVAL '02:00' FROM orders"],
  ["`AT TIME ZONE` with an abbreviation or a column", "SELECT ordered_at AT TIME ZONE 'EST' FROM orders"],
  ["a function that only PostgreSQL evaluates, in `WHERE`", "SELECT id FROM products WHERE exp(weight_kg) > 2"],
  [
    "a function that only PostgreSQL evaluates, in `GROUP BY` and `ORDER BY`",
    "SELECT round(exp(weight_kg)), count(*) FROM products GROUP BY round(exp(weight_kg)) ORDER BY 1",
  ],
  [
    "a function that only PostgreSQL evaluates, in a join",
    "SELECT a.id, b.id FROM products a JOIN products b ON exp(a.weight_kg) = exp(b.weight_kg)",
  ],
  [
    "full-text search by a named configuration",
    "SELECT id FROM products WHERE to_tsvector('english', name) @@ plainto_tsquery('english', 'chair')",
  ],
  [
    "`extract(epoch …)` from a timestamptz",
    "SELECT extract(epoch FROM ordered_at), date_part('epoch', ordered_at) FROM orders",
  ],
  [
    "`OVERLAPS`, `make_timestamp`, `to_timestamp` of seconds",
    "SELECT (a_timestamp, a_timestamp) OVERLAPS (a_timestamp, a_timestamp), make_timestamp(2024, 1, 2, 3, 4, 5), to_timestamp(id) FROM samples",
  ],
  [
    "`OVERLAPS` with lengths, `make_interval`, `make_time`",
    "SELECT (a_timestamp, INTERVAL '1 day') OVERLAPS (a_timestamp, INTERVAL '2 hours'), make_interval(0, 0, 0, id), make_time(id % 24, 0, 0) FROM samples",
  ],
  [
    "`date_bin`, `date_trunc` of intervals, `extract` from times of day",
    "SELECT date_bin('15 minutes', a_timestamp, '2001-01-01'), date_trunc('hour', an_interval), extract(minute FROM a_time) FROM samples",
  ],
  [
    "`timestamptz + interval` of hours",
    "SELECT ordered_at + INTERVAL '90 minutes' FROM orders WHERE ordered_at - INTERVAL '1 hour' > '2024-01-01'",
  ],
  ["`timestamptz + interval` of days or months", "SELECT ordered_at + INTERVAL '1 day' FROM orders"],
  [
    "casts of jsonb, json, uuid and enums to and from text",
    "SELECT attributes::text, a.status::text FROM products, orders a WHERE a.id = products.id",
  ],
  ["`to_date`, `to_timestamp` of texts", "SELECT to_date((2000 + id)::text, 'YYYY') FROM products"],
  ["`to_number`", "SELECT to_number(id::text, '9999') FROM products"],
  [
    "full-text search",
    "SELECT id FROM products WHERE to_tsvector('english', name) @@ to_tsquery('english', 'wood | metal')",
  ],
  ["full-text ranks", "SELECT id, ts_rank(to_tsvector('english', name), to_tsquery('english', 'wood')) FROM products"],
  ["XML functions", "SELECT xmlelement(name product, name) FROM products"],
  ["`xmlagg`", "SELECT xmlagg(xmlelement(name id, id) ORDER BY id) FROM products"],
];
