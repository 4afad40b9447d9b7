// Imports run one way: base <- values <- {wire, sql, store} <- contract <- {replicator, engine}, proxy <- {bench, test}.

const testFiles = "\\.test\\.ts$|/testing/";

/** The folder of a package, as a pattern. */
const of = (...names) => `^(?:${names.join("|")})/src/`;

const base = "packages/base";
const values = "packages/values";
const wire = "packages/wire";
const sql = "packages/sql";
const store = "packages/store";
const contract = "packages/contract";
const postgres = "packages/postgres";
const all = [base, values, wire, sql, store, contract, postgres, "replicator", "engine", "proxy", "bench", "test"];

/** `name` may import `allowed` and itself; its tests may also import @freshet/postgres. */
function mayImport(name, allowed) {
  const others = all.filter((other) => other !== name && !allowed.includes(other) && other !== postgres);
  return {
    name: `direction-${name.replace("packages/", "")}`,
    severity: "error",
    comment: `${name} imports nothing but ${allowed.join(", ") || "itself"}.`,
    from: { path: of(name) },
    to: { path: of(...others) },
  };
}

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-unresolved",
      severity: "error",
      comment:
        "What cannot be resolved cannot be checked. The drivers' programs and the benchmark's rivals get packages of their own when they run.",
      from: { pathNot: "^(test/drivers|bench/third-party)/" },
      to: { couldNotResolve: true },
    },
    mayImport(base, []),
    mayImport(values, [base]),
    mayImport(wire, [base, values]),
    mayImport(sql, [base, values]),
    mayImport(store, [base, values]),
    mayImport(postgres, [base]),
    mayImport(contract, [base, values, wire, sql, store]),
    mayImport("replicator", [base, values, wire, sql, store, contract]),
    mayImport("engine", [base, values, wire, sql, store, contract]),
    mayImport("proxy", [base, values, wire, sql, store, contract, "replicator", "engine"]),
    mayImport("bench", all),
    mayImport("test", all),
    {
      name: "one-composition-root",
      severity: "error",
      comment: "Proxy, replicator and engine meet in contract; only the composition root knows all three.",
      from: { path: of("proxy"), pathNot: `^proxy/src/(main|freshet|compose|engine-ahead)\\.ts$|${testFiles}` },
      to: { path: of("replicator", "engine") },
    },
    {
      name: "postgres-for-tests-only",
      severity: "error",
      comment: "@freshet/postgres starts servers for tests, benchmarks and the demo.",
      from: {
        path: of(...all.filter((name) => ![postgres, "bench", "test"].includes(name))),
        pathNot: `^proxy/src/demo\\.ts$|${testFiles}`,
      },
      to: { path: of(postgres) },
    },
    {
      name: "no-deep-imports",
      severity: "error",
      comment: "A package is entered through its index.",
      from: { path: "^((?:packages/)?[^/]+)/src/" },
      to: { path: "^(?:packages/)?[^/]+/src/", pathNot: ["^$1/src/", "/src/index\\.ts$"] },
    },
    {
      name: "no-relative-imports-between-packages",
      severity: "error",
      from: { path: "^((?:packages/)?[^/]+)/src/" },
      to: { path: "^(?:packages/)?[^/]+/src/", pathNot: "^$1/src/", dependencyTypes: ["local"] },
    },
    {
      name: "no-tests-in-programs",
      severity: "error",
      from: { path: "/src/", pathNot: testFiles },
      to: { path: "\\.test\\.ts$" },
    },
    {
      name: "only-store-knows-lmdb",
      severity: "error",
      from: { path: "/src/", pathNot: of(store) },
      to: { path: "node_modules/lmdb/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules|/dist/" },
    exclude: { path: "/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@freshet/source", "import", "node", "default"],
    },
  },
};
