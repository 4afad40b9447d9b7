import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { environment } from "@freshet/base";
import { createDatabase, startPostgres, withClient } from "@freshet/postgres";
import type { Connection, PostgresServer } from "@freshet/postgres";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { programFolder } from "./suite-source.ts";
import type { SuiteSource } from "./suite-source.ts";

const database = "regression";
/** For a file and what is done beside it, but for the time that offers take. */
const fileTimeoutMs = 240_000;

/** What pg_regress sets in its database. */
const databaseSettings = [
  "lc_messages = 'C'",
  "lc_monetary = 'C'",
  "lc_numeric = 'C'",
  "lc_time = 'C'",
  "bytea_output = 'hex'",
  "timezone_abbreviations = 'Default'",
];

/**
 * A cluster of its own with a Freshet that follows it, for one run of the suite: roles belong to a cluster, so two runs need two. The
 * side that is asked directly has its Freshet, too: what Freshet puts into a database is then the same on both.
 */
export class RegressSide {
  readonly #server: PostgresServer;
  readonly #folder: string;
  readonly freshet: FreshetProcess;

  private constructor(server: PostgresServer, folder: string, freshet: FreshetProcess) {
    this.#server = server;
    this.#folder = folder;
    this.freshet = freshet;
  }

  static async start(source: SuiteSource, flags: readonly string[] = []): Promise<RegressSide> {
    const settings = { lc_messages: "C", max_prepared_transactions: "2", synchronous_commit: "on" };
    const server = await startPostgres({ programs: programFolder, settings });
    try {
      const upstream = await createDatabase(server, database);
      await withClient(upstream, async (client) => {
        for (const setting of databaseSettings) await client.query(`ALTER DATABASE ${database} SET ${setting}`);
      });
      const folder = await buildFolder(source);
      const freshet = await FreshetProcess.start({ upstream, instance: "regress", flags });
      return new RegressSide(server, folder, freshet);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get direct(): Connection {
    const { host, port, user, password } = this.#server;
    return { host, port, user, password, database };
  }

  async stop(): Promise<void> {
    try {
      await this.freshet.terminate();
    } finally {
      await this.freshet.remove();
      await this.#server.stop();
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  /** What psql prints for one file of the suite, with this side's folder and ports taken out. */
  async run(file: string, connection: Connection, offerBudgetMs: number): Promise<string> {
    const output = path.join(this.#folder, "results", `${file}.out`);
    const [input, out] = [await open(path.join(this.#folder, "sql", `${file}.sql`)), await open(output, "w")];
    try {
      const args = ["-X", "-a", "-q", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"];
      const child = spawn(path.join(programFolder, "psql"), args, {
        cwd: this.#folder,
        env: { ...environment(), ...this.#environment(file, connection) },
        stdio: [input.fd, out.fd, out.fd],
      });
      const timer = setTimeout(() => child.kill("SIGKILL"), fileTimeoutMs + offerBudgetMs);
      const [code, signal]: unknown[] = await once(child, "exit");
      clearTimeout(timer);
      const ending =
        signal === null
          ? `psql ended with ${String(code)}`
          : `psql was ended after ${fileTimeoutMs + offerBudgetMs} ms`;
      return this.#normalised(`${await readFile(output, "utf8")}\n${ending}\n`, connection);
    } finally {
      await input.close();
      await out.close();
    }
  }

  #environment(file: string, connection: Connection): Record<string, string> {
    return {
      PGHOST: connection.host,
      PGPORT: String(connection.port),
      PGUSER: connection.user,
      PGPASSWORD: connection.password,
      PGDATABASE: connection.database,
      PGAPPNAME: `pg_regress/${file}`,
      PGTZ: "PST8PDT",
      PGDATESTYLE: "Postgres, MDY",
      PGOPTIONS: "-c intervalstyle=postgres_verbose",
      PG_ABS_SRCDIR: this.#folder,
      PG_ABS_BUILDDIR: this.#folder,
      PG_LIBDIR: this.#folder,
      PG_DLSUFFIX: ".so",
      LC_ALL: "C",
      TZ: "UTC",
      HOME: this.#folder,
    };
  }

  #normalised(text: string, connection: Connection): string {
    return text.replaceAll(this.#folder, "FOLDER").replaceAll(`port "${connection.port}"`, "port PORT");
  }
}

/** Where the suite's files lie for one run, with room for what the server and psql write. */
async function buildFolder(source: SuiteSource): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "freshet-regress-"));
  await chmod(folder, 0o755);
  // A copy, for the server's user may not be allowed into the repository.
  for (const name of ["sql", "data"])
    await cp(path.join(source.folder, name), path.join(folder, name), { recursive: true });
  await mkdir(path.join(folder, "results"));
  await chmod(path.join(folder, "results"), 0o777);
  return folder;
}
