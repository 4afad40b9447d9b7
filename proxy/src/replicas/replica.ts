import type { Lsn } from "@freshet/values";
import type { ServerAddress } from "../pool/server-connection.ts";
import type { ServerPosition } from "./server-watch.ts";

/** How much of the latest look goes into the mean. */
const LATENCY_WEIGHT = 0.3;

/** One standby of the upstream, as it was when it was last looked at. */
export class Replica {
  /** `host:port`. */
  readonly name: string;
  readonly address: ServerAddress;
  /** Null: it does not answer, `problem` says why. */
  position: ServerPosition | null = null;
  problem: string = "not asked yet";
  /** Mean of the looks, the latest most; null before the first. */
  latencyMs: number | null = null;
  /** Statements or pipelines that went there, of those that are under way, and that the primary then answered in its place. */
  reads = 0;
  active = 0;
  retries = 0;

  constructor(name: string, address: ServerAddress) {
    this.name = name;
    this.address = address;
  }

  saw(position: ServerPosition): void {
    const { latencyMs } = position;
    this.position = position;
    this.problem = "";
    this.latencyMs =
      this.latencyMs === null ? latencyMs : this.latencyMs + LATENCY_WEIGHT * (latencyMs - this.latencyMs);
  }

  lost(problem: string): void {
    this.position = null;
    this.problem = problem;
  }

  get replayed(): Lsn | null {
    return this.position?.lsn ?? null;
  }

  /** The smaller, the sooner an answer from there is to be had. */
  get cost(): number {
    return (this.latencyMs ?? 0) * (1 + this.active);
  }
}
