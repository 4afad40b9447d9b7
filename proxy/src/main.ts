import cluster from "node:cluster";
import process from "node:process";
import { FreshetError, type FreshetOptions, createLogger, errorMessage, readFreshetCommandLine } from "@freshet/base";
import { uninstall } from "@freshet/replicator";
import { examine, formatFindings } from "./doctor.ts";
import type { RunningFreshet } from "./freshet-factories.ts";
import { prepareFreshet, replicatorUpstream, startFreshet } from "./freshet.ts";
import { FamilyLink } from "./supervision/family-link.ts";
import { followSupervisor } from "./supervision/supervised-process.ts";
import { Supervisor } from "./supervision/supervisor.ts";
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

function serve(options: FreshetOptions): Promise<number> {
  if (!options.supervised) return serveAlone(options);
  return cluster.isPrimary ? supervise(options) : serveSupervised(options);
}

async function serveAlone(options: FreshetOptions): Promise<number> {
  const freshet = await startFreshet(options);
  tellAddresses(freshet);
  process.on("SIGHUP", () => freshet.reload());
  await new Promise<void>(onStopSignal);
  await freshet.stop();
  return 0;
}

async function supervise(options: FreshetOptions): Promise<number> {
  // Each process accepts by itself: a connection that the supervisor handed to one that dies would hang.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const supervisor = new Supervisor(() => cluster.fork(), createLogger({ level: options.logLevel }));
  process.on("SIGHUP", () => supervisor.reload());
  process.on("SIGUSR2", () => void supervisor.replace());
  onStopSignal(() => void supervisor.stop());
  return supervisor.run();
}

async function serveSupervised(options: FreshetOptions): Promise<number> {
  const link = new FamilyLink({
    send: (message) => process.send?.(message),
    listen: (receive) => process.on("message", receive),
  });
  const freshet = await prepareFreshet(options, link);
  process.on("SIGHUP", () => freshet.reload());
  await new Promise<void>((resolve, reject) => {
    onStopSignal(resolve);
    followSupervisor(freshet, link, options.drainTimeoutMs, {
      listening: tellAddresses,
      drained: resolve,
      failed: reject,
    });
  });
  await freshet.stop();
  return 0;
}

function onStopSignal(stop: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
}

function tellAddresses({ listen, admin }: Pick<RunningFreshet, "listen" | "admin">): void {
  process.stdout.write(
    `Freshet listens on ${listen.host}:${listen.port}, admin on http://${admin.host}:${admin.port}\n`,
  );
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
