import process from "node:process";
import { FreshetError, type FreshetOptions, errorMessage, readFreshetCommandLine } from "@freshet/base";
import { uninstall } from "@freshet/replicator";
import { examine, formatFindings } from "./doctor.ts";
import { replicatorUpstream, startFreshet } from "./freshet.ts";
import { type DriverConnection, upstreamOf } from "./upstream/upstream.ts";

/** The command line: `freshet`, `freshet doctor`, `freshet uninstall`. */
async function main(): Promise<number> {
  const invocation = readFreshetCommandLine({ argv: process.argv.slice(2) });
  if (invocation.kind === "text") {
    process.stdout.write(invocation.text);
    return 0;
  }
  switch (invocation.command) {
    case "doctor":
      return doctor(invocation.values);
    case "uninstall":
      return remove(invocation.values);
    default:
      return serve(invocation.values);
  }
}

async function serve(options: FreshetOptions): Promise<number> {
  const freshet = await startFreshet(options);
  const { listen, admin } = freshet;
  process.stdout.write(
    `Freshet listens on ${listen.host}:${listen.port}, admin on http://${admin.host}:${admin.port}\n`,
  );
  process.on("SIGHUP", () => freshet.reload());
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await freshet.stop();
  return 0;
}

async function withUpstream<T>(options: FreshetOptions, use: (driver: DriverConnection) => Promise<T>): Promise<T> {
  const { driver, server } = upstreamOf(options);
  try {
    return await use(driver);
  } finally {
    server.close();
  }
}

async function doctor(options: FreshetOptions): Promise<number> {
  const findings = await withUpstream(options, (driver) =>
    examine(driver, options.instance, options.upstreamConnectTimeoutMs),
  );
  process.stdout.write(formatFindings(findings));
  return findings.some(({ verdict }) => verdict === "wrong") ? 1 : 0;
}

async function remove(options: FreshetOptions): Promise<number> {
  const removed = await withUpstream(options, (driver) => uninstall(replicatorUpstream(driver), options.instance));
  process.stdout.write(
    removed.length === 0
      ? "There was nothing of Freshet's to remove.\n"
      : removed.map((what) => `removed ${what}\n`).join(""),
  );
  return 0;
}

function explain(thrown: unknown): string {
  if (!(thrown instanceof FreshetError))
    return `freshet: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorMessage(thrown)}\n`;
  const lines = [`freshet: ${thrown.message}`];
  if (thrown.detail !== undefined) lines.push(`detail: ${thrown.detail}`);
  if (thrown.hint !== undefined) lines.push(`hint: ${thrown.hint}`);
  return `${lines.join("\n")}\n`;
}

main().then(
  (status) => process.exit(status),
  (thrown: unknown) => {
    process.stderr.write(explain(thrown));
    process.exit(1);
  },
);
