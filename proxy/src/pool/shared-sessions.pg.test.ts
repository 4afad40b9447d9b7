import { SeededRandom } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PooledProxy, startPooledProxy } from "../session/testing/pooled-postgres.ts";
import { type UpstreamUrl, parseUpstreamUrl } from "../upstream/address.ts";

/** Fixed, so that a run tells of the change and not of its luck; vary it by hand. */
const seed = Number(process.env["FC_SEED"] ?? 20_261_122);
const CLIENTS = 200;
const STEPS = 8 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);
const SERVERS = 5;

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let upstream: UpstreamUrl;
let proxy: PooledProxy;

beforeAll(async () => {
  postgres = await startPostgres();
  upstream = parseUpstreamUrl(postgres.url);
  proxy = await startPooledProxy(upstream, {
    poolMode: "transaction",
    defaultPoolSize: SERVERS,
    maxPreparedStatements: 8,
  });
  const setup = await connect("setup");
  await setup.query("CREATE TABLE account (client int, amount int)");
  await setup.query("CREATE ROLE reader; GRANT ALL ON account TO reader");
  for (const schema of ["s0", "s1", "s2"]) {
    await setup.query(`CREATE SCHEMA ${schema}`);
    await setup.query(`GRANT USAGE ON SCHEMA ${schema} TO reader`);
    await setup.query(`CREATE TABLE ${schema}.place AS SELECT '${schema}' AS name`);
    await setup.query(`GRANT SELECT ON ${schema}.place TO reader`);
  }
  await setup.query(
    "CREATE FUNCTION remember(value text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('work_mem', value, false) $$",
  );
  await setup.end();
});
afterAll(async () => {
  await proxy.stop();
  await postgres.stop();
});

async function connect(name: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: proxy.port,
    user: upstream.user ?? "",
    password: upstream.password ?? "",
    database: upstream.database ?? "",
    application_name: name,
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** One client, and what it knows about itself. */
class Model {
  readonly settings = new Map<string, string>();
  amount = 0;
  prepared = 0;
  readonly #id: number;
  readonly #random: SeededRandom;
  #client: pg.Client;

  constructor(id: number, client: pg.Client, random: SeededRandom) {
    this.#id = id;
    this.#client = client;
    this.#random = random;
    this.#reset();
  }

  async step(): Promise<void> {
    const steps = [
      () => this.#look(),
      () => this.#look(),
      () => this.#change(),
      () => this.#local(),
      () => this.#write(),
      () => this.#rollBack(),
      () => this.#fail(),
      () => this.#prepared(),
      () => this.#prepared(),
      () => this.#pin(),
      () => this.#discard(),
      () => this.#leave(),
    ];
    await this.#random.pick(steps)();
  }

  async end(): Promise<void> {
    await this.#look();
    await this.#client.end();
  }

  #reset(): void {
    this.settings.clear();
    for (const [name, value] of Object.entries(DEFAULTS)) this.settings.set(name, value);
    this.settings.set("application_name", `client ${this.#id}`);
  }

  /** Everything that is only this client's. */
  async #look(): Promise<void> {
    const names = [...this.settings.keys()];
    const columns = names.map((name) => `current_setting('${name}', true)`);
    const { rows } = await this.#client.query({ text: `SELECT ${columns.join(", ")}`, rowMode: "array" });
    const seen = Object.fromEntries(names.map((name, index) => [name, (rows as string[][])[0]?.[index] ?? ""]));
    expect(seen).toEqual(Object.fromEntries(this.settings));
    const own = await this.#client.query(
      "SELECT coalesce(sum(amount), 0)::int AS sum FROM public.account WHERE client = $1",
      [this.#id],
    );
    expect(own.rows).toEqual([{ sum: this.amount }]);
  }

  async #change(): Promise<void> {
    const [name, values] = this.#random.pick(CHANGES);
    const value = this.#random.pick(values);
    const way = this.#random.integer(0, 4);
    if (way === 0 && name === "work_mem") await this.#client.query("SELECT public.remember($1)", [value]);
    else if (way <= 1) await this.#client.query(`SELECT set_config('${name}', $1, false)`, [value]);
    else if (way === 2 && name !== "role") {
      await this.#client.query(`RESET ${name}`);
      this.settings.set(name, name === "application_name" ? `client ${this.#id}` : (DEFAULTS[name] ?? ""));
      return;
    } else await this.#client.query(name === "role" ? `SET ROLE ${value}` : setStatement(name, value));
    this.settings.set(name, value);
  }

  async #local(): Promise<void> {
    await this.#client.query("BEGIN");
    await this.#client.query("SET LOCAL search_path = s2");
    await this.#client.query("SET LOCAL TimeZone = 'Asia/Tokyo'");
    const { rows } = await this.#client.query({ name: "place", text: "SELECT name FROM place" });
    expect(rows).toEqual([{ name: "s2" }]);
    await this.#client.query(this.#random.chance(0.5) ? "COMMIT" : "ROLLBACK");
  }

  async #write(): Promise<void> {
    await this.#client.query("BEGIN");
    await this.#client.query("INSERT INTO public.account VALUES ($1, $2)", [this.#id, 7]);
    await this.#client.query("COMMIT");
    this.amount += 7;
  }

  async #rollBack(): Promise<void> {
    await this.#client.query("BEGIN");
    await this.#client.query("SET search_path = s0");
    await this.#client.query("INSERT INTO public.account VALUES ($1, 1000)", [this.#id]);
    await this.#client.query("ROLLBACK");
  }

  async #fail(): Promise<void> {
    await expect(this.#client.query("SELECT 1 / $1::int", [0])).rejects.toThrow("division by zero");
    await this.#client.query("BEGIN");
    await expect(this.#client.query("SELECT nonsense")).rejects.toThrow("nonsense");
    await expect(this.#client.query("SELECT 1")).rejects.toThrow("aborted");
    await this.#client.query("ROLLBACK");
  }

  /** Named statements whose meaning depends on the session's settings, shared by all clients. */
  async #prepared(): Promise<void> {
    const { rows } = await this.#client.query({ name: "place", text: "SELECT name FROM place" });
    expect(rows).toEqual([{ name: this.settings.get("search_path") }]);
    const zone = await this.#client.query({
      name: "zone",
      text: "SELECT '2020-01-01 00:00'::timestamptz AT TIME ZONE 'UTC' = '2020-01-01 00:00' AS utc",
    });
    expect(zone.rows).toEqual([{ utc: this.settings.get("TimeZone") === "UTC" }]);
    const own = this.#random.integer(0, 12);
    const many = await this.#client.query({ name: `own ${own}`, text: `SELECT ${own} + $1::int AS sum`, values: [1] });
    expect(many.rows).toEqual([{ sum: own + 1 }]);
  }

  async #pin(): Promise<void> {
    await this.#client.query("CREATE TEMP TABLE mine (a int)");
    await this.#client.query("INSERT INTO mine VALUES ($1)", [this.#id]);
    expect((await this.#client.query("SELECT a FROM mine")).rows).toEqual([{ a: this.#id }]);
    await this.#client.query("DROP TABLE mine");
  }

  async #discard(): Promise<void> {
    await this.#client.query("DISCARD ALL");
    this.#reset();
    // The driver believes that its statements are still there.
    await this.#again();
  }

  /** Goes away, sometimes in the middle of something, and comes back as new. */
  async #leave(): Promise<void> {
    const way = this.#random.integer(0, 3);
    if (way === 0) {
      await this.#client.query("BEGIN");
      await this.#client.query("SET TimeZone = 'America/New_York'");
      await this.#client.query("INSERT INTO public.account VALUES ($1, 100000)", [this.#id]);
    }
    if (way === 1)
      this.#client.query("SELECT pg_sleep(10), set_config('DateStyle', 'German', false)").catch(() => undefined);
    if (way === 2)
      await this.#client.query(
        "CREATE TEMP TABLE left_behind (a int); SELECT pg_advisory_lock(5000 + $$ID$$)".replace(
          "$$ID$$",
          String(this.#id),
        ),
      );
    this.#client.connection.stream.destroy();
    await this.#again();
    this.#reset();
  }

  async #again(): Promise<void> {
    if (!this.#client.connection.stream.destroyed) await this.#client.end();
    this.#client = await connect(`client ${this.#id}`);
  }
}

function setStatement(name: string, value: string): string {
  return `SET ${name} = ${name === "DateStyle" ? value : `'${value.replaceAll("'", "''")}'`}`;
}

const DEFAULTS: Readonly<Record<string, string>> = {
  TimeZone: "UTC",
  DateStyle: "ISO, MDY",
  search_path: "s0",
  work_mem: "4MB",
  role: "none",
  "app.tenant": "",
};
const CHANGES: readonly (readonly [string, readonly string[]])[] = [
  ["TimeZone", ["UTC", "Europe/Zurich", "Asia/Tokyo"]],
  ["DateStyle", ["ISO, DMY", "German, DMY"]],
  ["search_path", ["s0", "s1", "s2"]],
  ["work_mem", ["1MB", "2MB"]],
  ["role", ["reader", "none"]],
  ["app.tenant", ["it's", "two"]],
  ["application_name", ["renamed"]],
];

describe("many clients over few server connections", () => {
  it(`each sees its own state alone (seed ${seed})`, async () => {
    await withDefaults();
    const random = new SeededRandom(seed);
    const models: Model[] = [];
    for (let id = 0; id < CLIENTS; id++) {
      models.push(new Model(id, await connect(`client ${id}`), new SeededRandom(random.uint32())));
    }
    await Promise.all(
      models.map(async (model) => {
        for (let step = 0; step < STEPS; step++) await model.step();
        await model.end();
      }),
    );
    const servers = proxy.pools.all.reduce((sum, pool) => sum + pool.size, 0);
    expect(servers).toBeLessThanOrEqual(SERVERS);
    const busy = (): number => proxy.pools.all.reduce((sum, pool) => sum + pool.waiting + pool.active.size, 0);
    // What those who left were waiting for is cancelled first.
    await expect.poll(busy, { timeout: 30_000 }).toBe(0);
  }, 300_000);
});

/** Of the role, so that RESET has something to go back to. */
async function withDefaults(): Promise<void> {
  const client = await connect("setup");
  await client.query(`ALTER ROLE ${upstream.user} SET search_path = s0`);
  await client.query(`ALTER ROLE ${upstream.user} SET TimeZone = 'UTC'`);
  await client.end();
  proxy.pools.reconnect(null);
}
