import type { SeededRandom } from "@freshet/base";

/** Tables that the queries read: few values, so that rows meet, and NULLs. */
export const SUBQUERY_SCHEMA = `
CREATE TABLE t1 (k int, x int, n numeric, s text);
CREATE TABLE t2 (k int, x bigint, n numeric, s text);
CREATE TABLE t3 (k int, x int, n numeric, s text);
`;

const TABLES = ["t1", "t2", "t3"] as const;

/** A column that an expression may name. */
interface Name {
  readonly sql: string;
  readonly type: "int" | "numeric" | "text";
}

/** Rows of one table as a VALUES list. */
export function randomRows(random: SeededRandom): string {
  const rows = Array.from({ length: random.integer(0, 6) }, () => {
    const number = (): string => random.pick(["NULL", "0", "1", "1", "2", "3"]);
    const numeric = random.pick(["NULL", "1", "1.0", "1.00", "2", "0.5"]);
    return `(${number()}, ${number()}, ${numeric}, ${random.pick(["NULL", "'a'", "'b'", "'1'"])})`;
  });
  return rows.length === 0
    ? "SELECT NULL::int, NULL::int, NULL::numeric, NULL::text WHERE false"
    : `VALUES ${rows.join(", ")}`;
}

/** A SELECT without parameters, with subqueries in all places and of all kinds. */
export class SubqueryGenerator {
  readonly #random: SeededRandom;
  #aliases = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  query(): string {
    this.#aliases = 0;
    return this.#random.chance(0.3) ? this.#grouped([], 2) : this.#plain([], 2);
  }

  #alias(): string {
    this.#aliases += 1;
    return `a${this.#aliases}`;
  }

  #columns(alias: string): Name[] {
    return [
      { sql: `${alias}.k`, type: "int" },
      { sql: `${alias}.x`, type: "int" },
      { sql: `${alias}.n`, type: "numeric" },
      { sql: `${alias}.s`, type: "text" },
    ];
  }

  /** FROM with the names it gives, beside those from outside. */
  #from(outer: readonly Name[], depth: number): { readonly sql: string; readonly names: Name[] } {
    const alias = this.#alias();
    let sql = `${this.#random.pick(TABLES)} ${alias}`;
    let names = this.#columns(alias);
    for (let more = this.#random.pick(depth > 0 ? [0, 0, 1, 1] : [0, 0, 0, 1]); more > 0; more--) {
      const next = this.#alias();
      const join = this.#random.pick(["JOIN", "LEFT JOIN"]);
      const isLateral = depth > 0 && this.#random.chance(0.4);
      const own = isLateral ? this.#lateral([...outer, ...names], depth - 1, next) : null;
      const item = own?.sql ?? `${this.#random.pick(TABLES)} ${next}`;
      const added = own?.names ?? this.#columns(next);
      const all = [...names, ...added];
      const on = this.#random.chance(0.3)
        ? "true"
        : this.#condition([...outer, ...all], join === "JOIN" ? depth - 1 : 0, added);
      sql = `${sql} ${join} ${item} ON ${on}`;
      names = all;
    }
    return { sql, names };
  }

  #lateral(outer: readonly Name[], depth: number, alias: string): { readonly sql: string; readonly names: Name[] } {
    if (this.#random.chance(0.35)) {
      const { sql, from } = this.#column(outer, depth, "int");
      const names: Name[] = [0, 1].map((index) => ({ sql: `${alias}.c${index}`, type: "int" }));
      return { sql: `LATERAL (SELECT max(${sql}), count(*) FROM ${from}) ${alias}(c0, c1)`, names };
    }
    const { body, types } = this.#subselect(outer, depth, this.#random.integer(1, 2));
    const names = types.map((type, index): Name => ({ sql: `${alias}.c${index}`, type }));
    return { sql: `LATERAL (${body}) ${alias}(${names.map((_name, index) => `c${index}`).join(", ")})`, names };
  }

  #plain(outer: readonly Name[], depth: number): string {
    const from = this.#from(outer, depth);
    const names = [...outer, ...from.names];
    const list = Array.from({ length: this.#random.integer(1, 3) }, () => this.#expression(names, depth).sql);
    const distinct = this.#random.chance(0.1) ? "DISTINCT " : "";
    return `SELECT ${distinct}${list.join(", ")} FROM ${from.sql}${this.#where(names, from.names, depth)}`;
  }

  #grouped(outer: readonly Name[], depth: number): string {
    const from = this.#from(outer, 0);
    const by = this.#random
      .shuffle(from.names)
      .slice(0, this.#random.integer(0, 2))
      .filter(({ type }) => type !== "numeric");
    const aggregates = [this.#aggregate(from.names), this.#aggregate(from.names)];
    const visible = [...outer, ...by];
    // An aggregate over columns of this level belongs to it also where it stands in a subquery.
    const outside = by
      .slice(0, 1)
      .map(({ sql, type }): Name => ({ sql: type === "text" ? `max(${sql} COLLATE "C")` : `max(${sql})`, type }));
    const subquery =
      visible.length > 0 && depth > 0 && this.#random.chance(0.6)
        ? [this.#expression([...visible, ...outside], depth).sql]
        : [];
    const having =
      depth > 0 && this.#random.chance(0.4)
        ? ` HAVING ${this.#condition(visible, visible.length > 0 ? depth - 1 : 0, aggregates)}`
        : "";
    const group = by.length === 0 ? "" : ` GROUP BY ${by.map(({ sql }) => sql).join(", ")}`;
    const list = [...by, ...aggregates].map(({ sql }) => sql);
    return `SELECT ${[...list, ...subquery].join(", ")} FROM ${from.sql}${this.#where([...outer, ...from.names], from.names, depth)}${group}${having}`;
  }

  #aggregate(names: readonly Name[]): Name {
    const { sql } = this.#random.pick(names.filter(({ type }) => type === "int"));
    return { sql: this.#random.pick(["count(*)", `count(${sql})`, `sum(${sql})`, `max(${sql})`]), type: "int" };
  }

  #where(names: readonly Name[], own: readonly Name[], depth: number): string {
    const conditions = Array.from({ length: this.#random.integer(0, 2) }, () => this.#condition(names, depth, own));
    return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  }

  /** A condition that likely connects `own` with what stands outside. */
  #condition(names: readonly Name[], depth: number, own: readonly Name[]): string {
    const random = this.#random;
    if (depth > 0 && random.chance(0.55)) return this.#subqueryCondition(names, depth - 1);
    if (random.chance(0.15)) {
      const [left, right] = [this.#condition(names, depth - 1, own), this.#condition(names, depth - 1, own)];
      return random.pick([`(${left} OR ${right})`, `NOT (${left})`, `(${left} AND ${right}) IS NOT TRUE`]);
    }
    const left = random.pick(own);
    const other = random.pick([...names.filter(({ type }) => type === left.type), left]);
    if (random.chance(0.1)) return `${left.sql} IS NOT NULL`;
    const operator = random.pick(["=", "=", "=", "=", "<", ">=", "<>"]);
    if (left.type === "text" && operator !== "=" && operator !== "<>")
      return `${left.sql} COLLATE "C" ${operator} ${other.sql}`;
    return `${left.sql} ${operator} ${other.sql}`;
  }

  #subqueryCondition(names: readonly Name[], depth: number): string {
    const random = this.#random;
    const operand = random.pick(names);
    const not = random.chance(0.45) ? "NOT " : "";
    switch (random.integer(0, 6)) {
      case 0:
      case 1:
        return `${not}EXISTS (${this.#subselect(names, depth, 1).body})`;
      case 2:
        return `${operand.sql} ${not}IN (${this.#subselect(names, depth, [operand.type]).body})`;
      case 3: {
        const second = random.pick(names);
        const body = this.#subselect(names, depth, [operand.type, second.type]).body;
        if (random.chance(0.15) && operand.type !== "text" && second.type !== "text") {
          const operator = random.pick(["<", "<=", ">", ">="]);
          const right = random.pick([`(${body})`, `ANY (${body})`, `ALL (${body})`, `(${second.sql}, ${operand.sql})`]);
          return `(${operand.sql}, ${second.sql}) ${operator} ${right}`;
        }
        return random.chance(0.25)
          ? `(${operand.sql}, ${second.sql}) = (${body})`
          : `(${operand.sql}, ${second.sql}) ${not}IN (${body})`;
      }
      case 4: {
        const operator = operand.type === "text" ? random.pick(["=", "<>"]) : random.pick(["=", "<>", "<", ">="]);
        return `${operand.sql} ${operator} ${random.pick(["ANY", "ALL"])} (${this.#subselect(names, depth, [operand.type]).body})`;
      }
      case 5:
        return `${operand.sql} ${not === "" ? "=" : "<>"} (${this.#scalar(names, depth, operand.type)})`;
      default:
        return `(${operand.sql} ${not}IN (${this.#subselect(names, depth, [operand.type]).body})) IS ${random.pick(["NULL", "TRUE", "NOT TRUE", "FALSE"])}`;
    }
  }

  #expression(names: readonly Name[], depth: number): Name {
    const random = this.#random;
    const name = random.pick(names);
    if (depth === 0 || random.chance(0.3)) return name;
    switch (random.integer(0, 5)) {
      case 5: {
        const { sql, from } = this.#column(names, depth - 1, name.type);
        return { sql: `ARRAY(SELECT ${sql} FROM ${from} ORDER BY ${sql}::text COLLATE "C")`, type: "int" };
      }
      case 0:
        return { sql: this.#subqueryCondition(names, depth - 1), type: "int" };
      case 1:
        return { sql: `CASE WHEN ${this.#subqueryCondition(names, depth - 1)} THEN ${name.sql} END`, type: name.type };
      case 2:
        return { sql: `coalesce((${this.#scalar(names, depth - 1, name.type)}), ${name.sql})`, type: name.type };
      default:
        return { sql: `(${this.#scalar(names, depth - 1, name.type)})`, type: name.type };
    }
  }

  /** A column of a FROM clause with conditions. */
  #column(outer: readonly Name[], depth: number, type: Name["type"]): { readonly sql: string; readonly from: string } {
    const from = this.#from(outer, 0);
    const where = this.#where([...outer, ...from.names], from.names, depth);
    const { sql } = this.#random.pick(from.names.filter((name) => name.type === type));
    return { sql, from: `${from.sql}${where}` };
  }

  /** A subquery that has one row, mostly. */
  #scalar(outer: readonly Name[], depth: number, type: Name["type"]): string {
    const random = this.#random;
    if (random.chance(0.2)) return this.#subselect(outer, depth, [type]).body;
    const from = this.#from(outer, 0);
    const where = this.#where([...outer, ...from.names], from.names, depth);
    const { sql } = random.pick(from.names.filter((name) => name.type === type));
    if (type !== "text" && random.chance(0.7)) {
      const having = random.chance(0.15) ? " HAVING count(*) > 1" : "";
      const cast = type === "int" ? "" : "::numeric";
      return `SELECT ${random.pick(["count(*)", `sum(${sql})`, `max(${sql})`, `coalesce(sum(${sql}), 7)`])}${cast} FROM ${from.sql}${where}${having}`;
    }
    if (type === "text")
      return `SELECT ${sql} FROM ${from.sql}${where} ORDER BY ${sql} COLLATE "C"${random.chance(0.5) ? " DESC" : ""} LIMIT 1`;
    return `SELECT ${sql}${random.chance(0.3) ? " + 0" : ""} FROM ${from.sql}${where} ORDER BY 1, ${sql}::text COLLATE "C" LIMIT 1`;
  }

  /** A subquery with columns of the given types, or so many of any. */
  #subselect(
    outer: readonly Name[],
    depth: number,
    wanted: number | readonly Name["type"][],
  ): { readonly body: string; readonly types: readonly Name["type"][] } {
    const random = this.#random;
    const types =
      typeof wanted === "number"
        ? Array.from({ length: wanted }, () => random.pick(["int", "text", "numeric"] as const))
        : wanted;
    if (random.chance(0.12)) {
      const branches = [0, 1].map(() => this.#simple(outer, Math.max(0, depth - 1), types));
      return { body: branches.join(random.pick([" UNION ALL ", " UNION "])), types };
    }
    if (random.chance(0.1)) {
      const inner = this.#simple(outer, Math.max(0, depth - 1), types);
      const alias = this.#alias();
      return { body: `WITH ${alias} AS (${inner}) SELECT * FROM ${alias}`, types };
    }
    return { body: this.#simple(outer, depth, types), types };
  }

  #simple(outer: readonly Name[], depth: number, types: readonly Name["type"][]): string {
    const random = this.#random;
    const from = this.#from(outer, random.chance(0.2) ? depth : 0);
    const names = [...outer, ...from.names];
    const list = types.map((type) => {
      const pool = (random.chance(0.85) ? from.names : names).filter((name) => name.type === type);
      return pool.length === 0 ? `NULL::${type}` : random.pick(pool).sql;
    });
    const where = this.#where(names, from.names, depth);
    const sql = `SELECT ${list.join(", ")} FROM ${from.sql}${where}`;
    if (random.chance(0.1)) return sql.replace("SELECT", "SELECT DISTINCT");
    if (random.chance(0.15)) {
      const order = list.map((item) => `${item}::text COLLATE "C"`).join(", ");
      return `(${sql} ORDER BY ${order} LIMIT ${random.integer(1, 3)}${random.chance(0.3) ? " OFFSET 1" : ""})`;
    }
    return sql;
  }
}
