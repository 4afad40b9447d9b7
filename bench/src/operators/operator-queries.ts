/** The tables of the operators' costs, as PostgreSQL analyses queries over them. */
export const operatorSchema = `
CREATE SCHEMA operators;
CREATE TABLE operators.facts (id int PRIMARY KEY, grp int NOT NULL, val int NOT NULL, dim int NOT NULL);
CREATE TABLE operators.dims (id int PRIMARY KEY, parent int, weight int NOT NULL);
`;

export interface OperatorQuery {
  readonly title: string;
  readonly text: string;
  /** A change costs as much as the state it reaches, which the title names: not measured beyond so many rows. */
  readonly most?: number;
}

const LARGE = 100_000;
const PARTITION = "PARTITION BY grp ORDER BY val, id";

/**
 * One query per operator over `facts`; each group has 100 rows, each row of `dims` ten facts. Titles that say "all
 * rows" have one group or partition as large as the table.
 */
export const operatorQueries: readonly OperatorQuery[] = [
  { title: "filter", text: "SELECT id, val * 2 FROM facts WHERE val % 2 = 0" },
  { title: "inner join", text: "SELECT f.id, f.val, d.weight FROM facts f JOIN dims d ON d.id = f.dim" },
  { title: "left join", text: "SELECT f.id, f.val, d.weight FROM facts f LEFT JOIN dims d ON d.id = f.dim" },
  { title: "full join", text: "SELECT f.id, f.val, d.weight FROM facts f FULL JOIN dims d ON d.id = f.dim" },
  { title: "EXISTS", text: "SELECT id, val FROM facts f WHERE EXISTS (SELECT 1 FROM dims d WHERE d.id = f.dim)" },
  { title: "NOT EXISTS", text: "SELECT id FROM dims d WHERE NOT EXISTS (SELECT 1 FROM facts f WHERE f.dim = d.id)" },
  { title: "NOT IN", text: "SELECT id, weight FROM dims WHERE id NOT IN (SELECT dim FROM facts WHERE val % 8 = 0)" },
  {
    title: "scalar subquery",
    text: "SELECT id, (SELECT count(*) FROM facts f WHERE f.dim = d.id) FROM dims d",
  },
  { title: "count, sum", text: "SELECT grp, count(*), sum(val) FROM facts GROUP BY grp" },
  { title: "count, sum, all rows", text: "SELECT count(*), sum(val) FROM facts" },
  { title: "min, max", text: "SELECT grp, min(val), max(val) FROM facts GROUP BY grp" },
  { title: "min, max, all rows", text: "SELECT min(val), max(val) FROM facts" },
  { title: "count(DISTINCT), all rows", text: "SELECT count(DISTINCT val) FROM facts" },
  { title: "stddev, all rows", text: "SELECT stddev(val) FROM facts" },
  { title: "mode, all rows", text: "SELECT mode() WITHIN GROUP (ORDER BY val) FROM facts" },
  { title: "percentile, all rows", text: "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY val) FROM facts" },
  { title: "array_agg(ORDER BY), 100 rows", text: "SELECT grp, array_agg(val ORDER BY val) FROM facts GROUP BY grp" },
  { title: "array_agg(ORDER BY), all rows", text: "SELECT array_agg(val ORDER BY val) FROM facts", most: LARGE },
  { title: "GROUPING SETS", text: "SELECT grp, dim, count(*) FROM facts GROUP BY GROUPING SETS ((grp), (dim), ())" },
  { title: "DISTINCT", text: "SELECT DISTINCT grp FROM facts" },
  { title: "DISTINCT ON", text: "SELECT DISTINCT ON (grp) grp, val, id FROM facts ORDER BY grp, val, id" },
  { title: "UNION", text: "SELECT dim FROM facts UNION SELECT id FROM dims" },
  { title: "INTERSECT ALL", text: "SELECT dim FROM facts INTERSECT ALL SELECT id FROM dims" },
  { title: "EXCEPT ALL", text: "SELECT dim FROM facts EXCEPT ALL SELECT id FROM dims" },
  { title: "ORDER BY LIMIT 10", text: "SELECT id FROM (SELECT id, val FROM facts ORDER BY val, id LIMIT 10) top" },
  {
    title: "top 3 of each group",
    text: `SELECT id FROM (SELECT id, row_number() OVER (${PARTITION}) AS place FROM facts) placed WHERE place <= 3`,
  },
  { title: "row_number, 100 rows", text: `SELECT id, row_number() OVER (${PARTITION}) FROM facts` },
  { title: "running sum, 100 rows", text: `SELECT id, sum(val) OVER (${PARTITION}) FROM facts` },
  { title: "lag, 100 rows", text: `SELECT id, lag(val) OVER (${PARTITION}) FROM facts` },
  { title: "share of the sum, 100 rows", text: "SELECT id, val, sum(val) OVER (PARTITION BY grp) FROM facts" },
  { title: "lag, all rows", text: "SELECT id, lag(val) OVER (ORDER BY val, id) FROM facts" },
  {
    title: "moving sum, all rows",
    text: "SELECT id, sum(val) OVER (ORDER BY val, id ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING) FROM facts",
  },
  { title: "row_number, all rows", text: "SELECT id, row_number() OVER (ORDER BY val, id) FROM facts", most: 10_000 },
  {
    title: "WITH RECURSIVE",
    text: `WITH RECURSIVE below AS (SELECT id, parent FROM dims WHERE parent IS NULL
             UNION SELECT d.id, d.parent FROM dims d JOIN below b ON d.parent = b.id)
           SELECT f.id, f.val FROM facts f JOIN below b ON b.id = f.dim`,
  },
  { title: "unnest", text: "SELECT id, part FROM facts, unnest(ARRAY[val, grp]) AS part" },
];
