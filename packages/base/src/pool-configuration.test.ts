import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultPoolConfiguration, readPoolConfiguration } from "./pool-configuration.ts";
import type { PoolConfiguration } from "./pool-configuration.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "freshet-pools-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string): PoolConfiguration {
  const file = join(folder, "pools.toml");
  writeFileSync(file, text);
  return readPoolConfiguration(file);
}

describe("the file of pools", () => {
  it("gives PgBouncer's settings, per database and per user", () => {
    const { options, databases, users } = read(`
      pool_mode = "session"
      default_pool_size = 5
      query_wait_timeout = 1.5
      [databases.app]
      pool_mode = "statement"
      dbname = "application"
      [users."a b"]
      max_user_connections = 3
    `);
    expect(options).toMatchObject({
      poolMode: "session",
      defaultPoolSize: 5,
      queryWaitTimeout: 1.5,
      serverLifetime: 3600,
    });
    expect(databases.get("app")).toMatchObject({ poolMode: "statement", dbname: "application", poolSize: undefined });
    expect(users.get("a b")).toMatchObject({ maxUserConnections: 3, queryTimeout: undefined });
  });

  it("has defaults for all", () => {
    expect(read("")).toEqual(defaultPoolConfiguration());
  });

  it.each([
    ["pool_mod = 'x'", 'unknown setting "pool_mod"'],
    ["pool_mode = 'x'", 'invalid value for "pool_mode"'],
    ["[databases]\napp = 1", '"databases.app"'],
    ["users = 3", '"users"'],
    ["[users.a]\npool_size = [1]", 'invalid value for "pool_size"'],
    ["= nonsense", "could not read"],
  ])("%s is refused", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
