import type { Workload } from "./workload.ts";

const UNIT = { people: 10_000, auctions: 30_000, bids: 460_000 } as const;

function sizes(scale: number): { people: number; auctions: number; bids: number } {
  const rows = (unit: number): number => Math.max(20, Math.round(unit * scale));
  return { people: rows(UNIT.people), auctions: rows(UNIT.auctions), bids: rows(UNIT.bids) };
}

function pick(key: string, salt: string, range: number): string {
  return `((hashint8extended((${key})::int8, hashtext('${salt}')::int8) & 2147483647) % ${range})::int`;
}

function bids(first: number, last: number, auctions: number, people: number): string {
  return `INSERT INTO bid SELECT b, 1 + ${pick("b", "auction", auctions)}, 1 + ${pick("b", "bidder", people)}, 1 + ${pick("b", "price", 10_000)},
    (ARRAY['Google', 'Facebook', 'Baidu', 'Apple'])[1 + b % 4], 'https://www.nexmark.com/item' || b % 100 || '?channel_id=' || b % 9, timestamp '2024-01-01 00:00:00' + b * interval '250 ms'
    FROM generate_series(${first}, ${last}) b`;
}

/** Auctions, people and bids. Stream windows become groups by `date_bin`; the queries on arrival time and on side inputs are left out. */
export const nexmark: Workload = {
  name: "NEXMark",
  origin:
    "NEXMark as far as it is plain SQL: q0–q5, q7–q9, q14–q18, q20–q22, with tumbling windows as groups by date_bin; left out: q6 and q11–q13 (session and processing-time windows, side input), q10 (files), q19 is rank per auction.",
  schema: [
    "CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email text, city text, state text, date_time timestamp NOT NULL)",
    "CREATE TABLE auction (id int PRIMARY KEY, item_name text NOT NULL, initial_bid int NOT NULL, reserve int NOT NULL, date_time timestamp NOT NULL, expires timestamp NOT NULL, seller int NOT NULL, category int NOT NULL)",
    "CREATE TABLE bid (id int PRIMARY KEY, auction int NOT NULL, bidder int NOT NULL, price int NOT NULL, channel text NOT NULL, url text NOT NULL, date_time timestamp NOT NULL)",
    "CREATE INDEX ON bid (auction)",
  ],
  data: (scale) => {
    const { people, auctions, bids: count } = sizes(scale);
    return [
      `INSERT INTO person SELECT p, 'person ' || p, 'p' || p || '@example.com', 'city ' || p % 40, (ARRAY['OR', 'ID', 'CA', 'AZ', 'WA', 'WY'])[1 + p % 6], timestamp '2024-01-01 00:00:00' + p * interval '7 seconds' FROM generate_series(1, ${people}) p`,
      `INSERT INTO auction SELECT a, 'item ' || a, ${pick("a", "initial", 500)}, ${pick("a", "reserve", 2000)}, timestamp '2024-01-01 00:00:00' + a * interval '3 seconds',
         timestamp '2024-01-01 00:00:00' + a * interval '3 seconds' + (1 + ${pick("a", "length", 40)}) * interval '10 minutes', 1 + ${pick("a", "seller", people)}, 10 + ${pick("a", "category", 5)} FROM generate_series(1, ${auctions}) a`,
      bids(1, count, auctions, people),
    ];
  },
  queries: [
    { name: "q0 pass through", order: [], text: "SELECT auction, bidder, price, date_time FROM bid WHERE auction = 7" },
    {
      name: "q1 currency",
      order: [],
      text: "SELECT auction, bidder, 0.908 * price AS price, date_time FROM bid WHERE bidder = 5",
    },
    { name: "q2 selection", order: [], text: "SELECT auction, price FROM bid WHERE mod(auction, 123) = 0" },
    {
      name: "q3 local items",
      order: [],
      text: "SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id WHERE a.category = 10 AND (p.state = 'OR' OR p.state = 'ID' OR p.state = 'CA')",
    },
    {
      name: "q4 average price",
      order: [],
      text: "SELECT q.category, avg(q.final) FROM (SELECT max(b.price) AS final, a.category FROM auction a, bid b WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires GROUP BY a.id, a.category) q GROUP BY q.category",
    },
    {
      name: "q5 hot items",
      order: [],
      text: `SELECT n.auction, n.num FROM (SELECT auction, count(*) AS num, date_bin('10 minutes', date_time, '2024-01-01') AS w FROM bid GROUP BY auction, date_bin('10 minutes', date_time, '2024-01-01')) n
  JOIN (SELECT max(num) AS top, w FROM (SELECT count(*) AS num, date_bin('10 minutes', date_time, '2024-01-01') AS w FROM bid GROUP BY auction, date_bin('10 minutes', date_time, '2024-01-01')) c GROUP BY w) m ON m.w = n.w AND n.num >= m.top`,
    },
    {
      name: "q7 highest bid",
      order: [],
      text: "SELECT b.auction, b.price, b.bidder, b.date_time FROM bid b JOIN (SELECT max(price) AS top, date_bin('1 minute', date_time, '2024-01-01') AS w FROM bid GROUP BY date_bin('1 minute', date_time, '2024-01-01')) m ON b.price = m.top AND b.date_time >= m.w AND b.date_time < m.w + interval '1 minute'",
    },
    {
      name: "q8 new users",
      order: [],
      text: `SELECT p.id, p.name, p.w FROM (SELECT id, name, date_bin('10 minutes', date_time, '2024-01-01') AS w FROM person) p
  JOIN (SELECT DISTINCT seller, date_bin('10 minutes', date_time, '2024-01-01') AS w FROM auction) a ON p.id = a.seller AND p.w = a.w`,
    },
    {
      name: "q9 winning bids",
      order: [],
      text: `SELECT id, auction, bidder, price FROM (SELECT a.id, b.auction, b.bidder, b.price, row_number() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.date_time, b.id) AS n
  FROM auction a JOIN bid b ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires) x WHERE n <= 1`,
    },
    {
      name: "q14 calculation",
      order: [],
      text: `SELECT auction, bidder, 0.908 * price AS price, CASE WHEN extract(hour FROM date_time) BETWEEN 8 AND 18 THEN 'dayTime' WHEN extract(hour FROM date_time) <= 6 OR extract(hour FROM date_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS kind
  FROM bid WHERE 0.908 * price > 9000`,
    },
    {
      name: "q15 bidding statistics",
      order: [],
      text: `SELECT date_time::date AS day, count(*) AS total, count(*) FILTER (WHERE price < 10000) AS low, count(DISTINCT bidder) AS bidders, count(DISTINCT bidder) FILTER (WHERE price >= 5000) AS high_bidders, count(DISTINCT auction) AS auctions FROM bid GROUP BY date_time::date`,
    },
    {
      name: "q16 channels",
      order: [],
      text: "SELECT channel, date_time::date AS day, max(to_char(date_time, 'HH24:MI')) AS minute, count(*) AS total, count(DISTINCT bidder) AS bidders FROM bid GROUP BY channel, date_time::date",
    },
    {
      name: "q17 auction statistics",
      order: [],
      text: "SELECT auction, date_time::date AS day, count(*) AS total, count(*) FILTER (WHERE price < 1000) AS low, min(price), max(price), avg(price), sum(price) FROM bid GROUP BY auction, date_time::date",
    },
    {
      name: "q18 last bid",
      order: [],
      text: "SELECT auction, bidder, price FROM (SELECT *, row_number() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC, id DESC) AS n FROM bid) x WHERE n <= 1",
    },
    {
      name: "q19 top 10",
      order: [],
      text: "SELECT auction, id, price, n FROM (SELECT *, row_number() OVER (PARTITION BY auction ORDER BY price DESC, id) AS n FROM bid) x WHERE n <= 10",
    },
    {
      name: "q20 expanded bids",
      order: [],
      text: "SELECT b.auction, b.bidder, b.price, a.item_name, a.category FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10",
    },
    {
      name: "q21 channel id",
      order: [],
      text: "SELECT auction, channel, CASE WHEN lower(channel) = 'apple' THEN '0' WHEN lower(channel) = 'google' THEN '1' ELSE (regexp_match(url, 'channel_id=([^&]*)'))[1] END AS channel_id FROM bid WHERE url LIKE '%channel_id=%' OR lower(channel) IN ('apple', 'google')",
    },
    {
      name: "q22 directories",
      order: [],
      text: "SELECT auction, split_part(url, '/', 4) AS dir1, split_part(url, '/', 5) AS dir2 FROM bid WHERE bidder = 3",
    },
  ],
  transaction: (number, scale) => {
    const { people, auctions, bids: count } = sizes(scale);
    const first = count + 1 + number * 4;
    switch (number % 5) {
      case 0:
      case 1:
        return [bids(first, first + 3, auctions, people)];
      case 2:
        return [
          `INSERT INTO person VALUES (${people + 1 + number}, 'new ${number}', NULL, 'city 1', 'OR', timestamp '2024-01-02 00:00:00' + ${number} * interval '1 second')`,
          `INSERT INTO auction VALUES (${auctions + 1 + number}, 'fresh', 1, 10, timestamp '2024-01-02 00:00:00' + ${number} * interval '1 second', timestamp '2024-01-03', ${people + 1 + number}, 10)`,
        ];
      case 3:
        return [
          `UPDATE auction SET category = 10 + (category - 9) % 5, expires = expires + interval '5 minutes' WHERE id = ${1 + ((number * 7919) % auctions)}`,
        ];
      default:
        return [`DELETE FROM bid WHERE id IN (${1 + ((number * 7907) % count)}, ${1 + ((number * 104_729) % count)})`];
    }
  },
};
