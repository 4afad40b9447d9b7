import { errorMessage } from "@freshet/base";
import { loadThirdParty } from "../third-party.ts";
import { type RivalEngine, Unsupported } from "./engine.ts";
import { type Dim, type Fact, type FactChange, type RivalQuery, rivalQueries, rivalSchema } from "./workload.ts";

interface PgLite {
  readonly waitReady: Promise<void>;
  exec(sql: string): Promise<unknown>;
  query<R>(sql: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly R[] }>;
  close(): Promise<void>;
}

interface PgIvm {
  readonly PGlite: new (options: { readonly extensions: object }) => PgLite;
  readonly extension: object;
}

const ROWS_PER_INSERT = 20_000;

/**
 * The extension pg_ivm in PGlite: PostgreSQL compiled to WebAssembly, in memory. The figures hold the UPDATE itself, and
 * WebAssembly is slower than a native server.
 */
export async function openPgIvm(): Promise<RivalEngine | string> {
  const library = await loadThirdParty<PgIvm>("pg-ivm");
  if (typeof library === "string") return library;
  const database = new library.PGlite({ extensions: { pg_ivm: library.extension } });
  await database.waitReady;
  await database.exec(`CREATE EXTENSION pg_ivm; ${rivalSchema}`);
  return new PgIvmEngine(database);
}

class PgIvmEngine implements RivalEngine {
  readonly #database: PgLite;
  #loaded = false;
  #query: RivalQuery | null = null;

  constructor(database: PgLite) {
    this.#database = database;
  }

  async build(query: RivalQuery, facts: readonly Fact[], dims: readonly Dim[]): Promise<void> {
    if (!this.#loaded) {
      await this.#insert("facts", "$1::int[], $2::int[], $3::int[], $4::int[]", facts);
      await this.#insert("dims", "$1::int[], $2::int[]", dims);
      await this.#database.exec("CREATE INDEX ON facts (grp); CREATE INDEX ON facts (dim); ANALYZE");
      this.#loaded = true;
    }
    try {
      await this.#database.query("SELECT pgivm.create_immv('rival', $1)", [rivalQueries[query].sql]);
    } catch (thrown) {
      const message = errorMessage(thrown);
      if (/not supported/.test(message)) throw new Unsupported(message);
      throw thrown;
    }
    this.#query = query;
  }

  async apply(changes: readonly FactChange[]): Promise<void> {
    const columns = [0, 1, 2, 3].map((at) => changes.map((change) => change.new[at]));
    await this.#database.query(
      `UPDATE facts SET grp = changed.grp, val = changed.val, dim = changed.dim
         FROM unnest($1::int[], $2::int[], $3::int[], $4::int[]) AS changed(id, grp, val, dim) WHERE facts.id = changed.id`,
      columns,
    );
  }

  async result(): Promise<readonly string[]> {
    if (this.#query === null) throw new Error("there is no query");
    const columns = rivalQueries[this.#query].columns.replaceAll(",", ",'|',");
    const { rows } = await this.#database.query<{ readonly line: string }>(
      `SELECT concat(${columns}) AS line FROM rival`,
    );
    return rows.map(({ line }) => line);
  }

  async drop(): Promise<void> {
    await this.#database.exec("DROP TABLE rival");
    this.#query = null;
  }

  async forgetTables(): Promise<void> {
    await this.#database.exec("TRUNCATE facts, dims; DROP INDEX facts_grp_idx; DROP INDEX facts_dim_idx");
    this.#loaded = false;
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #insert(table: string, arrays: string, rows: readonly (readonly number[])[]): Promise<void> {
    for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) {
      const part = rows.slice(from, from + ROWS_PER_INSERT);
      const columns = (rows[0] ?? []).map((_, at) => part.map((row) => row[at]));
      await this.#database.query(`INSERT INTO ${table} SELECT * FROM unnest(${arrays})`, columns);
    }
  }
}
