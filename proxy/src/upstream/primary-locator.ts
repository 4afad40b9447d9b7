import { lookup } from "node:dns/promises";
import type { Socket } from "node:net";
import { FreshetError, type Logger, SqlState, errorMessage, must, now, sleep } from "@freshet/base";
import pg from "pg";
import type { TargetSessionAttrs, UpstreamAddress } from "./address.ts";
import { UpstreamStream } from "./upstream-stream.ts";

export interface PrimaryLocatorParts {
  readonly hosts: readonly UpstreamAddress[];
  readonly target: Exclude<TargetSessionAttrs, "any">;
  /** Who looks: user, password and database, in the driver's terms. */
  readonly connectionString: string;
  readonly open: (address: UpstreamAddress) => Promise<Socket>;
  /** How long a search goes on while no host is the primary, and how long one host may take. */
  readonly timeoutMs: number;
}

/** How often the primary is asked whether it still is one, and how long it may take to say so. */
const CHECK_INTERVAL_MS = 1000;
const CHECK_TIMEOUT_MS = 5000;
/** The pause between two rounds over all hosts. */
const ROUND_MS = 200;
/** Where one primary has answered: how much longer another, which would be the newer one, is waited for. */
const RIVAL_MS = 250;

/** Of a standby, and of a primary that takes no writes, null. */
const EXAMINE = `SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only'),
  CASE WHEN NOT pg_catalog.pg_is_in_recovery()
       THEN pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END`;

interface Candidate {
  readonly address: UpstreamAddress;
  readonly client: pg.Client;
  readonly timeline: string;
}

/**
 * Knows which of several hosts is the primary. It keeps a connection to it, so that what is known ends with the server's
 * life: a primary that becomes a standby has been restarted.
 */
export class PrimaryLocator {
  readonly #parts: PrimaryLocatorParts;
  readonly #logger: Logger;
  #current: Candidate | null = null;
  #last: string | null = null;
  #search: Promise<UpstreamAddress> | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #stopped = false;
  readonly #onMoved: (() => void)[] = [];

  constructor(parts: PrimaryLocatorParts, logger: Logger) {
    this.#parts = parts;
    this.#logger = logger;
  }

  /** Called when another server than before has been found to be the primary. */
  onMoved(listener: () => void): void {
    this.#onMoved.push(listener);
  }

  /** The primary's address. Rejects with a FreshetError when no host is one in time. */
  locate(): Promise<UpstreamAddress> {
    if (this.#current !== null) return Promise.resolve(this.#current.address);
    this.#search ??= this.#find().finally(() => {
      this.#search = null;
    });
    return this.#search;
  }

  /** The host could not be connected to: it is looked for anew. */
  suspect(address: UpstreamAddress): void {
    if (this.#current?.address === address) this.#forget(this.#current);
  }

  close(): void {
    this.#stopped = true;
    if (this.#current !== null) this.#forget(this.#current);
  }

  async #find(): Promise<UpstreamAddress> {
    const deadline = now() + this.#parts.timeoutMs;
    for (;;) {
      const { found, reasons } = await this.#round();
      if (this.#stopped) {
        if (found !== null) disconnect(found.client);
        throw new FreshetError(SqlState.cannotConnectNow, "Freshet is shutting down");
      }
      if (found !== null) return this.#adopt(found);
      if (now() >= deadline) {
        throw new FreshetError(SqlState.cannotConnect, "none of the upstream's hosts is the primary", {
          detail: reasons.join("; "),
        });
      }
      await sleep(ROUND_MS);
    }
  }

  /** Asks all hosts at once. Of several primaries the one with the newest timeline counts: the others were left behind. */
  async #round(): Promise<{ readonly found: Candidate | null; readonly reasons: readonly string[] }> {
    const reasons: string[] = [];
    const primaries: Candidate[] = [];
    let settled = false;
    let resolveFirst = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      resolveFirst = resolve;
    });
    const asked = (await this.#candidates(reasons)).map(async (address) => {
      try {
        const candidate = await this.#examine(address);
        if (settled) disconnect(candidate.client);
        else primaries.push(candidate);
        resolveFirst();
      } catch (thrown) {
        reasons.push(`${address.host}:${address.port}: ${errorMessage(thrown)}`);
      }
    });
    await Promise.race([Promise.all(asked), first.then(() => sleep(RIVAL_MS))]);
    settled = true;
    const [found, ...others] = primaries.toSorted((left, right) => (left.timeline > right.timeline ? -1 : 1));
    for (const { client } of others) disconnect(client);
    return { found: found ?? null, reasons };
  }

  /** Every address of every host: names are resolved anew each time. */
  async #candidates(reasons: string[]): Promise<readonly UpstreamAddress[]> {
    const resolved = this.#parts.hosts.map(async (host) => {
      if (host.host.startsWith("/")) return [host];
      try {
        const found = await lookup(host.host, { all: true });
        return found.map(({ address }) => ({ host: address, port: host.port, name: host.host }));
      } catch (thrown) {
        reasons.push(`${host.host}: ${errorMessage(thrown)}`);
        return [];
      }
    });
    return (await Promise.all(resolved)).flat();
  }

  /** Rejects when it is not a primary. */
  async #examine(address: UpstreamAddress): Promise<Candidate> {
    const client = new pg.Client({
      connectionString: this.#parts.connectionString,
      stream: () => new UpstreamStream(() => this.#parts.open(address)),
      application_name: "freshet locator",
      connectionTimeoutMillis: this.#parts.timeoutMs,
      query_timeout: CHECK_TIMEOUT_MS,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      const timeline = await primaryTimeline(client, this.#parts.target);
      return { address, client, timeline };
    } catch (thrown) {
      disconnect(client);
      throw thrown;
    }
  }

  #adopt(found: Candidate): UpstreamAddress {
    this.#current = found;
    const forget = (): void => this.#forget(found);
    found.client.on("error", forget).on("end", forget);
    this.#timer = setInterval(() => void this.#check(found), CHECK_INTERVAL_MS);
    const text = `${found.address.host}:${found.address.port}`;
    if (this.#last !== text) this.#logger.info({ primary: text, timeline: found.timeline }, "the primary is");
    if (this.#last !== null && this.#last !== text) for (const listener of this.#onMoved) listener();
    this.#last = text;
    return found.address;
  }

  async #check(candidate: Candidate): Promise<void> {
    try {
      await primaryTimeline(candidate.client, this.#parts.target);
    } catch (thrown) {
      if (this.#current !== candidate) return;
      this.#logger.warn({ error: errorMessage(thrown) }, "the primary is lost");
      this.#forget(candidate);
    }
  }

  #forget(candidate: Candidate): void {
    if (this.#current !== candidate) return;
    this.#current = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    disconnect(candidate.client);
  }
}

async function primaryTimeline(client: pg.Client, target: PrimaryLocatorParts["target"]): Promise<string> {
  const { rows } = await client.query<[boolean, string, string | null]>({ text: EXAMINE, rowMode: "array" });
  const [isStandby, readOnly, timeline] = must(rows[0]);
  if (isStandby || timeline === null) throw new Error("it is a standby");
  if (target === "read-write" && readOnly === "on") throw new Error("it takes no writes");
  return timeline;
}

function disconnect(client: pg.Client): void {
  client.connection.stream.destroy();
}
