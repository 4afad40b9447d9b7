/**
 * Rows in the manner of TPC-H's dbgen: the same tables, cardinalities, domains and relations between dates, from a hash of the key
 * instead of dbgen's streams of random numbers.
 */

/** A pseudo-random integer in [0, range) from a key and a salt that tells columns apart. */
function pick(key: string, salt: string, range: number): string {
  return `(hashint8extended((${key})::int8, hashtext('${salt}')::int8) & 2147483647) % ${range}`;
}

function oneOf(key: string, salt: string, words: readonly string[]): string {
  return `(ARRAY[${words.map((word) => `'${word}'`).join(", ")}])[1 + ${pick(key, salt, words.length)}]`;
}

const nations: readonly (readonly [name: string, region: number])[] = [
  ["ALGERIA", 0],
  ["ARGENTINA", 1],
  ["BRAZIL", 1],
  ["CANADA", 1],
  ["EGYPT", 4],
  ["ETHIOPIA", 0],
  ["FRANCE", 3],
  ["GERMANY", 3],
  ["INDIA", 2],
  ["INDONESIA", 2],
  ["IRAN", 4],
  ["IRAQ", 4],
  ["JAPAN", 2],
  ["JORDAN", 4],
  ["KENYA", 0],
  ["MOROCCO", 0],
  ["MOZAMBIQUE", 0],
  ["PERU", 1],
  ["CHINA", 2],
  ["ROMANIA", 3],
  ["SAUDI ARABIA", 4],
  ["VIETNAM", 2],
  ["RUSSIA", 3],
  ["UNITED KINGDOM", 3],
  ["UNITED STATES", 1],
];
const colours = ["almond", "antique", "azure", "blush", "chocolate", "forest", "green", "ivory", "khaki", "lemon"];
const typeWords = [
  ["STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"],
  ["ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"],
  ["TIN", "NICKEL", "BRASS", "STEEL", "COPPER"],
] as const;
const containerWords = [
  ["SM", "LG", "MED", "JUMBO", "WRAP"],
  ["CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"],
] as const;
const segments = ["AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"];
const priorities = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
const instructions = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"];
const modes = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"];

export interface TpchSizes {
  readonly suppliers: number;
  readonly parts: number;
  readonly customers: number;
  readonly orders: number;
}

export function tpchSizes(scale: number): TpchSizes {
  const rows = (unit: number): number => Math.max(10, Math.round(unit * scale));
  return { suppliers: rows(10_000), parts: rows(200_000), customers: rows(150_000), orders: rows(1_500_000) };
}

function phone(key: string, nation: string): string {
  return `(10 + ${nation}) || '-' || lpad((${pick(key, "p1", 1000)})::text, 3, '0') || '-' || lpad((${pick(key, "p2", 1000)})::text, 3, '0') || '-' || lpad((${pick(key, "p3", 10_000)})::text, 4, '0')`;
}

function balance(key: string): string {
  return `((${pick(key, "balance", 1_099_998)}) - 99999) / 100.0`;
}

/** Supplier number `which` (0 to 3) of a part, as the specification spreads them. */
function supplierOf(part: string, which: string, suppliers: number): string {
  return `(${part} + ${which} * (${suppliers} / 4 + (${part} - 1) / ${suppliers})) % ${suppliers} + 1`;
}

/** INSERTs of orders `first` to `last` with their line items; `variant` makes other rows of the same keys. */
export function tpchOrders(first: number, last: number, sizes: TpchSizes, variant = 0): readonly string[] {
  const key = `(o + ${variant * 1_000_003})`;
  const orderDate = `(date '1992-01-01' + (${pick(key, "date", 2406)})::int)`;
  // Every third customer has no orders.
  const customer = `(${pick(key, "customer", Math.max(1, Math.floor(sizes.customers / 3)))}) * 3 + 1 + (${pick(key, "third", 2)})`;
  const line = `(${key} * 8 + l)`;
  const part = `(1 + ${pick(line, "part", sizes.parts)})`;
  const lines = `SELECT o, l, ${orderDate} AS day, ${part} AS part, 1 + ${pick(line, "quantity", 50)} AS quantity, ${line} AS k
      FROM generate_series(${first}, ${last}) o, LATERAL generate_series(1, 1 + (${pick(key, "lines", 7)})::int) l`;
  const dated = `SELECT *, day + 1 + (${pick("k", "ship", 121)})::int AS shipped, day + 30 + (${pick("k", "commit", 61)})::int AS committed,
      1 + (${pick("k", "receipt", 30)})::int AS travel FROM (${lines}) a`;
  const isOpen = "shipped > date '1995-06-17'";
  return [
    `INSERT INTO lineitem SELECT o, part, ${supplierOf("part", `(${pick("k", "which", 4)})`, sizes.suppliers)}, l, quantity,
       quantity * (90000 + (part / 10) % 20001 + 100 * (part % 1000)) / 100.0, (${pick("k", "discount", 11)}) / 100.0, (${pick("k", "tax", 9)}) / 100.0,
       CASE WHEN shipped + travel <= date '1995-06-17' THEN ${oneOf("k", "flag", ["R", "A"])} ELSE 'N' END, CASE WHEN ${isOpen} THEN 'O' ELSE 'F' END,
       shipped, committed, shipped + travel, ${oneOf("k", "instruct", instructions)}, ${oneOf("k", "mode", modes)}, 'line ' || k
     FROM (${dated}) b`,
    `INSERT INTO orders SELECT o, ${customer}, s.status, s.total, ${orderDate}, ${oneOf(key, "priority", priorities)},
       'Clerk#' || lpad((1 + ${pick(key, "clerk", 1000)})::text, 9, '0'), 0,
       CASE WHEN ${pick(key, "comment", 20)} = 0 THEN 'the special packages haggle requests' ELSE 'order ' || ${key} END
     FROM generate_series(${first}, ${last}) o,
       LATERAL (SELECT CASE WHEN bool_and(l_linestatus = 'O') THEN 'O' WHEN bool_and(l_linestatus = 'F') THEN 'F' ELSE 'P' END AS status,
         round(sum(l_extendedprice * (1 + l_tax) * (1 - l_discount)), 2) AS total FROM lineitem WHERE l_orderkey = o) s`,
  ];
}

/** INSERTs for all tables at a scale factor. */
export function tpchData(scale: number): readonly string[] {
  const sizes = tpchSizes(scale);
  const regions = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];
  const nationOf = (key: string): string => `(${pick(key, "nation", 25)})`;
  return [
    `INSERT INTO region VALUES ${regions.map((name, key) => `(${key}, '${name}', 'region ${key}')`).join(", ")}`,
    `INSERT INTO nation VALUES ${nations.map(([name, region], key) => `(${key}, '${name}', ${region}, 'nation ${key}')`).join(", ")}`,
    `INSERT INTO supplier SELECT s, 'Supplier#' || lpad(s::text, 9, '0'), 'address ' || s, ${nationOf("s")}, ${phone("s", nationOf("s"))}, ${balance("s")},
       CASE WHEN ${pick("s", "comment", 20)} = 0 THEN 'a Customer who has Complaints' ELSE 'supplier ' || s END FROM generate_series(1, ${sizes.suppliers}) s`,
    `INSERT INTO part SELECT p, ${oneOf("p", "c1", colours)} || ' ' || ${oneOf("p", "c2", colours)}, 'Manufacturer#' || (1 + ${pick("p", "mfgr", 5)}),
       'Brand#' || (1 + ${pick("p", "mfgr", 5)}) || (1 + ${pick("p", "brand", 5)}),
       ${typeWords.map((words, index) => oneOf("p", `t${index}`, words)).join(" || ' ' || ")}, 1 + ${pick("p", "size", 50)},
       ${containerWords.map((words, index) => oneOf("p", `k${index}`, words)).join(" || ' ' || ")}, (90000 + (p / 10) % 20001 + 100 * (p % 1000)) / 100.0, 'part ' || p
     FROM generate_series(1, ${sizes.parts}) p`,
    `INSERT INTO partsupp SELECT p, ${supplierOf("p", "i", sizes.suppliers)}, 1 + ${pick("p * 4 + i", "qty", 9999)}, (100 + ${pick("p * 4 + i", "cost", 99_901)}) / 100.0,
       'partsupp ' || p || ' ' || i FROM generate_series(1, ${sizes.parts}) p, generate_series(0, 3) i ON CONFLICT DO NOTHING`,
    `INSERT INTO customer SELECT c, 'Customer#' || lpad(c::text, 9, '0'), 'address ' || c, ${nationOf("c")}, ${phone("c", nationOf("c"))}, ${balance("c")},
       ${oneOf("c", "segment", segments)}, 'customer ' || c FROM generate_series(1, ${sizes.customers}) c`,
    ...tpchOrders(1, sizes.orders, sizes),
  ];
}
