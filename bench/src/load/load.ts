import type { Connection } from "@freshet/postgres";

export const protocols = ["simple", "extended", "prepared"] as const;
export type Protocol = (typeof protocols)[number];

/** One statement, sent again and again over some connections, each waiting for its answer (a closed loop). */
export interface Load {
  readonly server: Connection;
  readonly protocol: Protocol;
  readonly clients: number;
  readonly seconds: number;
  /** May have one parameter, $1. */
  readonly sql: string;
  /** $1 is drawn evenly from 1 to here; 0: there is no parameter. */
  readonly keys: number;
}

/** Times in microseconds. */
export interface LoadResult {
  readonly transactions: number;
  readonly tps: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** A load has no figures: nothing was answered in its time, or next to nothing. */
export class NothingDone extends Error {}
