import { defineConfig } from "vitest/config";

const source = { resolve: { conditions: ["@freshet/source"] }, ssr: { resolve: { conditions: ["@freshet/source"] } } };
const roots = "{packages/*,replicator,engine,proxy,bench,test}/src/**";
/** Of the smallest machine that is to run them: what waits for a time-out or a disk leaves room for another. */
const CORES = 2;
const sideBySide = { maxWorkers: CORES };
const limits = {
  setupFiles: ["./vitest.setup.ts"],
  testTimeout: 60_000,
  hookTimeout: 120_000,
  teardownTimeout: 30_000,
};

/**
 * unit: no server, no files beyond a temporary folder. property: the same with random input.
 * pg: needs PostgreSQL. e2e: runs the built program (dist) against PostgreSQL.
 */
export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          ...limits,
          ...sideBySide,
          name: "unit",
          include: [`${roots}/*.test.ts`],
          exclude: ["**/*.{property,pg,e2e}.test.ts", "**/node_modules/**"],
        },
      },
      { ...source, test: { ...limits, ...sideBySide, name: "property", include: [`${roots}/*.property.test.ts`] } },
      {
        ...source,
        test: { ...limits, name: "pg", include: [`${roots}/*.pg.test.ts`], ...sideBySide, pool: "forks" },
      },
      {
        ...source,
        test: {
          ...limits,
          testTimeout: 600_000,
          // Of the tests of one file that say that they may run side by side.
          maxConcurrency: CORES,
          name: "e2e",
          include: [`${roots}/*.e2e.test.ts`],
          ...sideBySide,
          pool: "forks",
        },
      },
    ],
  },
});
