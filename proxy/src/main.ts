import cluster from "node:cluster";
import process from "node:process";
import {
  FreshetError,
  type FreshetOptions,
  createLogger,
  errorMessage,
  isSupervised,
  placeEnvironment,
  processPlace,
  readFreshetCommandLine,
} from "@freshet/base";
import { acceptedSocket } from "./listener/client-source.ts";
import type { Host } from "./program.ts";
import { Supervisor } from "./supervision/supervisor.ts";

/** The command line: `freshet`, `freshet doctor`, `freshet uninstall`. */
async function main(): Promise<number> {
  const invocation = readFreshetCommandLine({ argv: process.argv.slice(2) });
  if (invocation.kind === "text") {
    process.stdout.write(invocation.text);
    return 0;
  }
  const { command, values } = invocation;
  if (command === "" && isSupervised(values) && cluster.isPrimary) return supervise(values);
  // A supervisor lives as long as the service, and needs none of this. Other fronts than the first have no engine.
  const ahead =
    command === "" && processPlace().front === 0 ? (await import("./engine-ahead.ts")).spawnEngineAhead(values) : null;
  const program = await import("./program.ts");
  switch (command) {
    case "doctor":
      return program.doctor(values, host);
    case "uninstall":
      return program.remove(values, host);
    default:
      return program.serve(values, host, ahead);
  }
}

const host: Host = {
  write: (text) => void process.stdout.write(text),
  onStop: (stop) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  },
  onReload: (reload) => void process.on("SIGHUP", reload),
  channel: cluster.isWorker
    ? {
        send: (message) => void process.send?.(message),
        listen: (receive) => void process.on("message", (message, handle) => receive(message, acceptedSocket(handle))),
      }
    : null,
};

async function supervise(options: FreshetOptions): Promise<number> {
  // Each process accepts by itself: a connection that the supervisor handed to one that dies would hang.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const supervisor = new Supervisor(
    (place) => cluster.fork(placeEnvironment(place)),
    options.fronts,
    createLogger({ level: options.logLevel }),
  );
  host.onReload(() => supervisor.reload());
  process.on("SIGUSR2", () => void supervisor.replace());
  host.onStop(() => void supervisor.stop());
  return supervisor.run();
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
