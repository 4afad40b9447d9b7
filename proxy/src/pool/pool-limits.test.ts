import { type PoolConfiguration, type PoolDatabaseOptions, defaultPoolConfiguration } from "@freshet/base";
import { expect, it } from "vitest";
import { poolLimits } from "./pool-limits.ts";

const database: PoolDatabaseOptions = {
  dbname: undefined,
  poolMode: "session",
  poolSize: 6,
  minPoolSize: 3,
  reservePoolSize: 4,
  maxDbConnections: 7,
};

const configuration: PoolConfiguration = {
  options: {
    ...defaultPoolConfiguration().options,
    defaultPoolSize: 5,
    minPoolSize: 1,
    reservePoolSize: 2,
    maxDbConnections: 50,
    maxUserConnections: 60,
    queryTimeout: 10,
    idleTransactionTimeout: 20,
    poolMode: "transaction",
  },
  databases: new Map([["db", database]]),
  users: new Map([
    [
      "user",
      { poolMode: "statement", poolSize: 8, maxUserConnections: 9, queryTimeout: 1.5, idleTransactionTimeout: 0.25 },
    ],
  ]),
};

it("what is said of the user beats what is said of the database, which beats what is said of all", () => {
  expect(poolLimits(configuration, "other", "other")).toMatchObject({
    mode: "transaction",
    poolSize: 5,
    minPoolSize: 1,
    reserveSize: 2,
    maxDbConnections: 50,
    maxUserConnections: 60,
    queryTimeoutMs: 10_000,
    idleTransactionTimeoutMs: 20_000,
  });
  expect(poolLimits(configuration, "db", "other")).toMatchObject({
    mode: "session",
    poolSize: 6,
    minPoolSize: 3,
    reserveSize: 4,
    maxDbConnections: 7,
    maxUserConnections: 60,
    queryTimeoutMs: 10_000,
  });
  expect(poolLimits(configuration, "db", "user")).toMatchObject({
    mode: "statement",
    poolSize: 8,
    maxDbConnections: 7,
    maxUserConnections: 9,
    queryTimeoutMs: 1500,
    idleTransactionTimeoutMs: 250,
  });
});

it("a pool has room for one connection at least", () => {
  const { options, ...rest } = configuration;
  expect(poolLimits({ ...rest, options: { ...options, defaultPoolSize: 0 } }, "x", "y").poolSize).toBe(1);
});
