import { cp } from "node:fs/promises";
import path from "node:path";
import { documentPath } from "../docs/documents.ts";
import { pipelineTestSource } from "../regress/suite-source.ts";

/** One driver: what it needs on the machine, how its packages are put into a folder of their own, and how its scenarios are run. */
export interface Driver {
  readonly name: string;
  /** The folder below test/drivers that is copied into the cache folder. */
  readonly folder: string;
  /** The programs that must be there. */
  readonly needs: readonly string[];
  /** Puts into the copied folder what is fetched from elsewhere. */
  readonly fetch?: (folder: string) => Promise<void>;
  /** Commands run once in the copied folder. */
  readonly install: readonly (readonly string[])[];
  readonly run: readonly string[];
  /** The file in test/drivers with the caches of the last run, where they are not those of caches.sql. */
  readonly caches?: string;
  /** It is also run through a pooled Freshet in transaction mode; these scenarios differ there, and why. */
  readonly pooled?: ReadonlyMap<string, string>;
  /** Whether it is quick enough for every test run. */
  readonly quick: boolean;
  /** Its scenarios are the tests that come with the driver: many, and known by pass or fail only. */
  readonly ownTests?: boolean;
}

const notifier =
  "a notification tells of the server connection that sent it; in a pool the client's own number (for cancel requests) is Freshet's";
const pooledNotifications: ReadonlyMap<string, string> = new Map([["listen and notify", notifier]]);

const npm = [["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]];
const pip = [
  ["python3", "-m", "venv", "venv"],
  ["venv/bin/pip", "install", "--quiet", "--requirement", "requirements.txt"],
];

const prismaGenerate = ["node_modules/.bin/prisma", "generate", "--no-hints"];

function python(name: string, file: string, quick: boolean): Driver {
  return { name, folder: "python", needs: ["python3"], install: pip, run: ["venv/bin/python", file], quick };
}

export const drivers: readonly Driver[] = [
  { name: "libpq: psql", folder: "libpq", needs: ["psql"], install: [], run: ["bash", "psql.sh"], quick: false },
  {
    name: "libpq: pgbench",
    folder: "libpq",
    needs: ["pgbench"],
    install: [],
    run: ["bash", "pgbench.sh"],
    quick: false,
  },
  {
    name: "libpq: libpq_pipeline",
    folder: "libpq-pipeline",
    needs: ["gcc", "apt-get", "dpkg-query"],
    fetch: async (folder) => cp(await pipelineTestSource(), path.join(folder, "libpq_pipeline.c")),
    install: [
      // PostgreSQL 16 and newer call the setting by another name.
      ["sed", "-i", "s/force_parallel_mode/debug_parallel_query/", "libpq_pipeline.c"],
      ["gcc", "-Ishim", "-I/usr/include/postgresql", "-o", "libpq_pipeline", "libpq_pipeline.c", "-lpq"],
    ],
    run: ["bash", "run.sh"],
    quick: false,
  },
  {
    name: "node-postgres",
    folder: "node",
    needs: ["node", "npm"],
    install: npm,
    run: ["node", "pg.mjs"],
    pooled: pooledNotifications,
    quick: true,
  },
  {
    name: "postgres.js",
    folder: "node",
    needs: ["node", "npm"],
    install: npm,
    run: ["node", "postgres-js.mjs"],
    quick: true,
  },
  ...["pg", "postgres"].map((base) => ({
    name: `Drizzle on ${base === "pg" ? "node-postgres" : "postgres.js"}`,
    folder: "node",
    needs: ["node", "npm"],
    install: npm,
    run: ["node", "drizzle.mjs", base],
    caches: "caches-drizzle.sql",
    quick: base === "pg",
  })),
  {
    name: "Prisma on node-postgres",
    folder: "prisma",
    needs: ["node", "npm"],
    fetch: async (folder) => cp(documentPath("test/drivers/node/scenario.mjs"), path.join(folder, "scenario.mjs")),
    install: [
      // What is not installed is the engine for migrations, which is in no registry and which nothing here needs: any program may stand for it.
      ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"],
      ["env", "PRISMA_SCHEMA_ENGINE_BINARY=/bin/true", "CHECKPOINT_DISABLE=1", ...prismaGenerate],
    ],
    run: ["node", "prisma.mjs"],
    caches: "caches-prisma.sql",
    quick: false,
  },
  {
    ...python("psycopg 3", "psycopg3.py", true),
    pooled: new Map([
      ["connect", "pg_backend_pid() is a server connection's number, the client's own is Freshet's"],
      ...pooledNotifications,
    ]),
  },
  python("asyncpg", "asyncpg_driver.py", false),
  python("SQLAlchemy", "sqlalchemy_driver.py", false),
  {
    name: "pgx",
    folder: "go",
    needs: ["go"],
    install: [["go", "build", "-o", "driver", "."]],
    run: ["./driver"],
    pooled: pooledNotifications,
    quick: false,
  },
  {
    name: "pgjdbc",
    folder: "java",
    needs: ["java", "javac", "mvn"],
    install: [
      ["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DoutputDirectory=lib"],
      ["javac", "-d", "classes", "-cp", "lib/*", "Driver.java"],
    ],
    run: ["java", "-Xmx256m", "-cp", "lib/*:classes", "Driver"],
    quick: false,
  },
  {
    name: "tokio-postgres",
    folder: "rust",
    needs: ["cargo"],
    install: [["cargo", "build", "--quiet", "--locked", "--jobs", "1"]],
    run: ["target/debug/driver"],
    quick: false,
  },
  {
    name: "sqlx",
    folder: "rust-sqlx",
    needs: ["cargo"],
    install: [["cargo", "build", "--quiet", "--locked", "--jobs", "1"]],
    run: ["target/debug/driver"],
    quick: false,
  },
  {
    name: "pgx: its own tests",
    folder: "go-suites",
    needs: ["go"],
    install: [
      ["bash", "fetch.sh", "github.com/jackc/pgx/v5@v5.12.0", "pgx"],
      ["go", "test", "-C", "pgx", "-c", "-o", "../pgx.test", "."],
      ["go", "test", "-C", "pgx/pgconn", "-c", "-o", "../../pgconn.test", "."],
      ["go", "test", "-C", "pgx/pgxpool", "-c", "-o", "../../pgxpool.test", "."],
    ],
    run: ["bash", "run.sh", "200", "pgx:pgx.test", "pgx/pgconn:pgconn.test", "pgx/pgxpool:pgxpool.test"],
    quick: false,
    ownTests: true,
  },
  {
    name: "lib/pq: its own tests",
    folder: "go-suites",
    needs: ["go"],
    install: [
      ["bash", "fetch.sh", "github.com/lib/pq@v1.12.3", "pq"],
      // A listener need not be there in 100 ms on a busy machine.
      ["sed", "-i", "/^func wantEvent/,/^}/s/100 \\* time.Millisecond/10 * time.Second/", "pq/notify_test.go"],
      ["go", "test", "-C", "pq", "-c", "-o", "../pq.test", "."],
      ["go", "test", "-C", "pq/hstore", "-c", "-o", "../../pqhstore.test", "."],
    ],
    run: ["bash", "run.sh", "200", "pq:pq.test", "pq/hstore:pqhstore.test"],
    quick: false,
    ownTests: true,
  },
  {
    name: "tokio-postgres: its own tests",
    folder: "rust-suites",
    needs: ["cargo", "perl", "psql"],
    install: [
      ["bash", "fetch.sh"],
      ["cargo", "test", "--quiet", "--no-run", "--locked", "--jobs", "1", "--features", "runtime"],
    ],
    run: ["bash", "run.sh"],
    quick: false,
    ownTests: true,
  },
  { name: "Npgsql", folder: "dotnet", needs: ["dotnet"], install: [], run: [], quick: false },
];
