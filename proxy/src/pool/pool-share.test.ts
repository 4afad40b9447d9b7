import { defaultPoolConfiguration } from "@freshet/base";
import { expect, test } from "vitest";
import { shareOf, sharedConfiguration } from "./pool-share.ts";

test("the parts of a limit are the limit, and no process has none of it", () => {
  for (const processes of [1, 2, 3, 7]) {
    for (const limit of [7, 20, 100, 1001]) {
      const parts = Array.from({ length: processes }, (_, process) => shareOf(limit, { processes, process }));
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(limit);
      expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
    }
  }
  expect(shareOf(2, { processes: 4, process: 3 })).toBe(1);
  expect(shareOf(0, { processes: 4, process: 0 })).toBe(0);
});

test("limits of databases and users are divided, what is not set stays so, one process has all", () => {
  const { options } = defaultPoolConfiguration();
  const unset = { dbname: undefined, poolMode: undefined, minPoolSize: undefined, maxDbConnections: undefined };
  const configuration = {
    options: { ...options, defaultPoolSize: 5, minPoolSize: 1, maxClientConn: 101, maxDbConnections: 0 },
    databases: new Map([["app", { ...unset, poolSize: 3, reservePoolSize: 1 }]]),
    users: new Map(),
  };
  expect(sharedConfiguration(configuration, { processes: 1, process: 0 })).toBe(configuration);
  const [first, second] = [0, 1].map((process) => sharedConfiguration(configuration, { processes: 2, process }));
  expect(first?.options).toMatchObject({ defaultPoolSize: 3, minPoolSize: 1, maxClientConn: 51, maxDbConnections: 0 });
  expect(second?.options).toMatchObject({ defaultPoolSize: 2, minPoolSize: 0, maxClientConn: 50, maxDbConnections: 0 });
  expect(first?.databases.get("app")).toEqual({ ...unset, poolSize: 2, reservePoolSize: 1 });
  expect(second?.databases.get("app")).toEqual({ ...unset, poolSize: 1, reservePoolSize: 0 });
});
