import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { FreshetError } from "./errors.ts";
import { freshetOptionSpecs, readFreshetCommandLine } from "./freshet-options.ts";
import type { FreshetOptions } from "./freshet-options.ts";
import { optionKeys, optionName } from "./options.ts";

const upstream = "postgres://freshet:s3cret@db:5432/shop";
const folder = mkdtempSync(path.join(tmpdir(), "freshet-options-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly argv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly file?: string;
}

function read(given: Given): { command: string; values: FreshetOptions; sources: Record<string, string> } {
  const argv = [...(given.argv ?? [])];
  if (given.file !== undefined) {
    writeFileSync(path.join(folder, "freshet.toml"), given.file);
    argv.push("--config", path.join(folder, "freshet.toml"));
  }
  const invocation = readFreshetCommandLine({ argv, environment: given.environment ?? {} });
  if (invocation.kind === "text") throw new Error(`unexpected text: ${invocation.text}`);
  return invocation;
}

function refusal(given: Given): { message: string; hint: string | undefined } {
  try {
    read(given);
  } catch (error) {
    if (error instanceof FreshetError) return { message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error("was not refused");
}

test("--help lists every option with its default", () => {
  const invocation = readFreshetCommandLine({ argv: ["--help"], environment: {} });
  expect(invocation.kind === "text" ? invocation.text : "").toMatchSnapshot();
});

test("every command explains itself", () => {
  const invocation = readFreshetCommandLine({ argv: ["doctor", "--help"], environment: {} });
  expect(invocation.kind === "text" ? invocation.text : "").toContain("Check whether upstream is ready");
});

test("what nobody gives has its default", () => {
  const { values, command } = read({ argv: ["--upstream", upstream] });
  expect(command).toBe("");
  expect(values).toMatchObject({
    upstream,
    listen: { host: "127.0.0.1", port: 6543 },
    instance: "freshet",
    config: undefined,
    setReplicaIdentity: false,
    slotFailover: true,
    engineQueueBytes: 67_108_864,
  });
});

test("flags come before the environment, the environment before the file", () => {
  const { values, sources } = read({
    argv: ["--listen", "[::1]:1", "--set-replica-identity"],
    environment: { FRESHET_LISTEN: "h:2", FRESHET_INSTANCE: "from_environment", FRESHET_ADMIN: "" },
    file: `upstream = "${upstream}"\nlisten = "h:3"\ninstance = "from_file"\nmax-connections = 7\nlog-level = "warn"`,
  });
  expect(values.listen).toEqual({ host: "::1", port: 1 });
  expect(values.instance).toBe("from_environment");
  expect([values.maxConnections, values.logLevel, values.setReplicaIdentity]).toEqual([7, "warn", true]);
  expect(sources).toMatchObject({ listen: "flag", instance: "environment", upstream: "file", admin: "default" });
});

test("commands take options before and after their name", () => {
  expect(read({ argv: ["doctor", "--upstream", upstream] })).toMatchObject({ command: "doctor", values: { upstream } });
  expect(read({ argv: ["--upstream", upstream, "uninstall"] })).toMatchObject({ command: "uninstall" });
});

test("sizes take units", () => {
  const argv = ["--upstream", upstream, "--engine-queue-bytes", "1GB", "--apply-batch-bytes", "65536"];
  expect(read({ argv }).values).toMatchObject({ engineQueueBytes: 1_073_741_824, applyBatchBytes: 65_536 });
});

test("defaults of a caller are the weakest", () => {
  const given = { argv: [], environment: {}, defaults: { upstream, instance: "demo" } };
  const invocation = readFreshetCommandLine(given);
  expect(invocation).toMatchObject({ values: { upstream, instance: "demo" }, sources: { upstream: "default" } });
});

test.each<[string, Given, string, string]>([
  ["unknown flag", { argv: ["--upstraem", upstream] }, "unknown option '--upstraem'", "Did you mean --upstream?"],
  ["unknown command", { argv: ["doctr", "--upstream", upstream] }, "unknown command 'doctr'", "Did you mean doctor?"],
  ["missing value", { argv: ["--upstream"] }, "option '--upstream <URL>' argument missing", "See freshet --help."],
  ["required option", {}, "option --upstream is required", "FRESHET_UPSTREAM"],
  ["wrong URL", { argv: ["--upstream", "http://h"] }, "invalid value for --upstream", "postgres://user:password@host"],
  [
    "wrong address",
    { environment: { FRESHET_UPSTREAM: upstream, FRESHET_LISTEN: "h:99999" } },
    'FRESHET_LISTEN: "h:99999"',
    "HOST:PORT",
  ],
  [
    "wrong number",
    { argv: ["--upstream", upstream, "--max-connections", "0"] },
    '--max-connections: "0"',
    "from 1 to 100000",
  ],
  ["wrong size", { argv: ["--upstream", upstream, "--max-result-bytes", "2TB"] }, '"2TB"', "from 4kB to 1GB"],
  ["wrong choice", { argv: ["--upstream", upstream, "--log-level", "loud"] }, '"loud"', "one of trace, debug"],
  ["wrong name", { argv: ["--upstream", upstream, "--instance", "A-b"] }, '"A-b"', "a-z, 0-9 and _"],
  ["wrong boolean", { argv: ["--upstream", upstream, "--set-replica-identity=maybe"] }, '"maybe"', "true or false"],
  ["unknown key in the file", { file: 'upstreem = "x"' }, 'unknown option "upstreem" in', 'Did you mean "upstream"?'],
  ["wrong type in the file", { file: "upstream = [1]" }, 'invalid value for "upstream" in', "a string, a number"],
  ["a file that is not TOML", { file: "upstream" }, "could not read configuration file", "TOML"],
  ["no such file", { argv: ["--config", "/nonexistent/f.toml"] }, "could not read configuration file", "TOML"],
  [
    "a range upside down",
    { argv: ["--upstream", upstream, "--reconnect-min-ms", "5000", "--reconnect-max-ms", "10"] },
    "--reconnect-min-ms (5000) is greater than --reconnect-max-ms (10)",
    "",
  ],
])("%s is refused by its name, with what would be right", (_, given, message, hint) => {
  const refused = refusal(given);
  expect(refused.message).toContain(message);
  expect(refused.hint ?? "").toContain(hint);
});

test("a wrong URL does not show its password", () => {
  expect(JSON.stringify(refusal({ argv: ["--upstream", "mysql://a:s3cret@h/d"] }))).not.toContain("s3cret");
});

test("every default can be written as its own text", () => {
  for (const key of optionKeys(freshetOptionSpecs)) {
    const { kind, default: value } = freshetOptionSpecs[key];
    if (value === undefined) continue;
    const text = (kind.format as (v: unknown) => string)(value);
    const argv = ["--upstream", upstream, `--${optionName(key)}`, text];
    expect(read({ argv }).values[key]).toEqual(value);
  }
});
