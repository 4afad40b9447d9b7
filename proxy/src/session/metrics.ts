import type { MissReason } from "./front-ports.ts";

/** What the proxy counts; the owner turns it into gauges and counters. */
export interface ProxyMetrics {
  connectionOpened(): void;
  connectionClosed(): void;
  hit(cache: string): void;
  miss(reason: MissReason): void;
}

export const NO_METRICS: ProxyMetrics = {
  connectionOpened: () => undefined,
  connectionClosed: () => undefined,
  hit: () => undefined,
  miss: () => undefined,
};
