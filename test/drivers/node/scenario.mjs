import process from "node:process";

/** Runs scenarios one after the other and prints one line of JSON for each: what it returned, or how it failed. */
export async function runScenarios(scenarios) {
  for (const [scenario, work] of Object.entries(scenarios)) {
    let result;
    try {
      result = await work();
    } catch (error) {
      result = { failure: describe(error) };
    }
    const line = JSON.stringify({ scenario, result }, (_key, value) =>
      typeof value === "bigint" ? `${value}` : value,
    );
    process.stdout.write(`${line}\n`);
  }
}

/** The fields of an error that come from the server. */
export function describe(error) {
  const {
    code,
    severity,
    message,
    position,
    detail,
    hint,
    table_name: tableName,
    constraint_name: constraintName,
  } = error;
  const { table = tableName, constraint = constraintName } = error;
  return { code, severity, message, position, detail, hint, table, constraint };
}

/** How the promise failed; a promise that does not fail is a failure of the scenario. */
export async function failureOf(promise) {
  try {
    await promise;
  } catch (error) {
    return describe(error);
  }
  throw new Error("this should have failed");
}
