import { type FreshetOptions, isSupervised, processPlace } from "@freshet/base";
import { examine, formatFindings } from "./doctor.ts";
import type { RunningFreshet } from "./freshet-factories.ts";
import { type SpawnedEngine, prepareFreshet, prepareFront, startFreshet, uninstallFreshet } from "./freshet.ts";
import { type Channel, FamilyLink } from "./supervision/family-link.ts";
import { followSupervisor } from "./supervision/supervised-process.ts";
import { type DriverConnection, upstreamOf } from "./upstream/upstream.ts";

/** What the process that runs it offers. */
export interface Host {
  write(text: string): void;
  /** Calls `stop` at the first signal that asks for an end in good order. */
  onStop(stop: () => void): void;
  onReload(reload: () => void): void;
  /** To whoever started it; null: it is on its own. */
  readonly channel: Channel | null;
}

/**
 * Serves clients until it is told to stop, alone or led by a supervisor; resolves with the exit status, as the others do. `ahead` is the worker of the
 * engine, if it has been started.
 */
export function serve(options: FreshetOptions, host: Host, ahead: SpawnedEngine | null): Promise<number> {
  // Another program may have started this one by node:cluster, too.
  const channel = isSupervised(options) ? host.channel : null;
  return channel === null ? serveAlone(options, host, ahead) : serveSupervised(options, host, channel, ahead);
}

async function serveAlone(options: FreshetOptions, host: Host, ahead: SpawnedEngine | null): Promise<number> {
  const freshet = await startFreshet(options, ahead);
  host.write(addresses(freshet));
  host.onReload(() => freshet.reload());
  await new Promise<void>((resolve) => host.onStop(resolve));
  await freshet.stop();
  return 0;
}

async function serveSupervised(
  options: FreshetOptions,
  host: Host,
  channel: Channel,
  ahead: SpawnedEngine | null,
): Promise<number> {
  const link = new FamilyLink(channel, options.fronts > 1);
  const freshet = await (processPlace().front === 0
    ? prepareFreshet(options, link, ahead)
    : prepareFront(options, link));
  host.onReload(() => freshet.reload());
  await new Promise<void>((resolve, reject) => {
    host.onStop(resolve);
    followSupervisor(freshet, link, options.drainTimeoutMs, {
      listening: (started) => {
        if (started !== null) host.write(addresses(started));
      },
      drained: resolve,
      failed: reject,
    });
  });
  await freshet.stop();
  return 0;
}

function addresses({ listen, admin }: Pick<RunningFreshet, "listen" | "admin">): string {
  return `Freshet listens on ${listen.host}:${listen.port}, admin on http://${admin.host}:${admin.port}\n`;
}

async function withUpstream<T>(options: FreshetOptions, use: (driver: DriverConnection) => Promise<T>): Promise<T> {
  const { driver, server } = upstreamOf(options);
  try {
    return await use(driver);
  } finally {
    server.close();
  }
}

/** Tells whether the upstream is ready for Freshet. */
export async function doctor(options: FreshetOptions, host: Host): Promise<number> {
  const findings = await withUpstream(options, (driver) =>
    examine(driver, options.instance, options.upstreamConnectTimeoutMs),
  );
  host.write(formatFindings(findings));
  return findings.some(({ verdict }) => verdict === "wrong") ? 1 : 0;
}

/** Removes what Freshet made upstream. */
export async function remove(options: FreshetOptions, host: Host): Promise<number> {
  const removed = await withUpstream(options, (driver) => uninstallFreshet(driver, options.instance));
  host.write(
    removed.length === 0
      ? "There was nothing of Freshet's to remove.\n"
      : removed.map((what) => `removed ${what}\n`).join(""),
  );
  return 0;
}
