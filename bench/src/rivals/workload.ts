import { SeededRandom } from "@freshet/base";

/** A row of `facts`. Arrays are never changed: an update makes another one. */
export type Fact = readonly [id: number, grp: number, val: number, dim: number];
/** A row of `dims`. */
export type Dim = readonly [id: number, weight: number];

export interface FactChange {
  readonly old: Fact;
  readonly new: Fact;
}

export const HALF_OF_VALUES = 500_000;
const VALUES = 2 * HALF_OF_VALUES;
const FACTS_PER_GROUP = 100;
const FACTS_PER_DIM = 10;
const WEIGHTS = 7;

/** The tables that all engines begin with and the changes that all make: the same for each, by the seed. */
export class Workload {
  readonly facts: Fact[];
  readonly dims: readonly Dim[];
  readonly #random = new SeededRandom(42);

  constructor(rows: number) {
    this.facts = Array.from({ length: rows }, (_, id) => this.#fact(id, rows));
    this.dims = Array.from({ length: Math.ceil(rows / FACTS_PER_DIM) }, (_, id) => [id, 1 + (id % WEIGHTS)] as const);
  }

  /** Updates of so many different rows anywhere: one commit. */
  nextCommit(rows: number): readonly FactChange[] {
    if (rows > this.facts.length) throw new Error("a commit has more rows than there are");
    const changes = new Map<number, FactChange>();
    while (changes.size < rows) {
      const old = this.facts[this.#random.integer(0, this.facts.length)];
      if (old === undefined || changes.has(old[0])) continue;
      const changed = this.#fact(old[0], this.facts.length);
      this.facts[old[0]] = changed;
      changes.set(old[0], { old, new: changed });
    }
    return [...changes.values()];
  }

  #fact(id: number, rows: number): Fact {
    const below = (limit: number): number => this.#random.integer(0, limit);
    return [id, below(Math.ceil(rows / FACTS_PER_GROUP)), below(VALUES), below(Math.ceil(rows / FACTS_PER_DIM))];
  }
}

export const rivalSchema = `
CREATE TABLE facts (id int PRIMARY KEY, grp int NOT NULL, val int NOT NULL, dim int NOT NULL);
CREATE TABLE dims (id int PRIMARY KEY, weight int NOT NULL);
`;

const joined = "facts f JOIN dims d ON d.id = f.dim";

export const rivalQueryNames = [
  "filter",
  "join",
  "join + aggregate, groups of 100",
  "join + aggregate, 7 groups",
  "top 10",
  "row_number, partitions of 100",
  "distinct",
] as const;

export type RivalQuery = (typeof rivalQueryNames)[number];

export interface RivalSql {
  readonly sql: string;
  /** The result's columns. */
  readonly columns: string;
}

/** One query per operator, in SQL; the engines without SQL have their own way to say the same. */
export const rivalQueries: Readonly<Record<RivalQuery, RivalSql>> = {
  filter: { columns: "id, val", sql: `SELECT id, val FROM facts WHERE val < ${HALF_OF_VALUES}` },
  join: { columns: "id, val, weight", sql: `SELECT f.id, f.val, d.weight FROM ${joined}` },
  "join + aggregate, groups of 100": {
    columns: "grp, n, total",
    sql: `SELECT f.grp, count(*) AS n, sum(f.val * d.weight) AS total FROM ${joined} GROUP BY f.grp`,
  },
  "join + aggregate, 7 groups": {
    columns: "weight, n, total",
    sql: `SELECT d.weight, count(*) AS n, sum(f.val) AS total FROM ${joined} GROUP BY d.weight`,
  },
  "top 10": {
    columns: "id, val",
    sql: "SELECT id, val FROM (SELECT id, val FROM facts ORDER BY val, id LIMIT 10) top",
  },
  "row_number, partitions of 100": {
    columns: "id, place",
    sql: "SELECT id, row_number() OVER (PARTITION BY grp ORDER BY val, id) AS place FROM facts",
  },
  distinct: { columns: "grp", sql: "SELECT DISTINCT grp FROM facts" },
};
