import { defineConfig } from "vitest/config";

const source = { resolve: { conditions: ["@freshet/source"] }, ssr: { resolve: { conditions: ["@freshet/source"] } } };
const roots = "{packages/*,replicator,engine,proxy,bench,test}/src/**";
const limits = { testTimeout: 60_000, hookTimeout: 120_000, teardownTimeout: 30_000 };

/**
 * unit: no server, no files beyond a temporary folder. property: the same with random input.
 * pg: needs PostgreSQL. e2e: runs the built program (dist) against PostgreSQL.
 */
export default defineConfig({
  test: {
    // Of the tests of one file that may run side by side: as many as the smallest machine has cores.
    maxConcurrency: 2,
    projects: [
      {
        ...source,
        test: {
          ...limits,
          name: "unit",
          include: [`${roots}/*.test.ts`],
          exclude: ["**/*.{property,pg,e2e}.test.ts", "**/node_modules/**"],
        },
      },
      { ...source, test: { ...limits, name: "property", include: [`${roots}/*.property.test.ts`] } },
      {
        ...source,
        test: { ...limits, name: "pg", include: [`${roots}/*.pg.test.ts`], fileParallelism: false, pool: "forks" },
      },
      {
        ...source,
        test: {
          ...limits,
          testTimeout: 600_000,
          name: "e2e",
          include: [`${roots}/*.e2e.test.ts`],
          fileParallelism: false,
          pool: "forks",
        },
      },
    ],
  },
});
