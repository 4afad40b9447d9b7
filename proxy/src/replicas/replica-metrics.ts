import { type Aggregator, Counter, Gauge, type Registry } from "prom-client";
import type { Replica } from "./replica.ts";
import type { Replicas } from "./replicas.ts";

/** Of the replicas; read when they are scraped. Without replicas they have no values. */
export function replicaMetrics(configured: Replicas | null, registry: Registry): void {
  // Of several fronts the worst: each looks at the replicas itself.
  const gauge = (
    name: string,
    help: string,
    aggregator: Aggregator,
    value: (replicas: Replicas, replica: Replica) => number | null,
  ): void => {
    new Gauge({
      name,
      help,
      aggregator,
      labelNames: ["replica"],
      registers: [registry],
      collect() {
        this.reset();
        for (const replica of configured?.all ?? []) {
          const present = configured === null ? null : value(configured, replica);
          if (present !== null) this.set({ replica: replica.name }, present);
        }
      },
    });
  };
  const counter = (name: string, help: string, value: (replica: Replica) => number): void => {
    new Counter({
      name,
      help,
      labelNames: ["replica"],
      registers: [registry],
      collect() {
        this.reset();
        for (const replica of configured?.all ?? []) this.inc({ replica: replica.name }, value(replica));
      },
    });
  };
  gauge("freshet_replica_usable", "1 when reads may go to the replica.", "min", (replicas, replica) =>
    replicas.obstacle(replica) === null ? 1 : 0,
  );
  gauge("freshet_replica_lag_seconds", "How old a replica's data is at most.", "max", (replicas, replica) => {
    const lag = replicas.lagMs(replica);
    return lag === null ? null : lag / 1000;
  });
  gauge(
    "freshet_replica_latency_seconds",
    "How long a replica takes to answer, on the mean.",
    "max",
    (_replicas, replica) => (replica.latencyMs === null ? null : replica.latencyMs / 1000),
  );
  counter("freshet_replica_reads_total", "Statements, or pipelines, that a replica got.", ({ reads }) => reads);
  counter("freshet_replica_retries_total", "Those of them that the primary then answered.", ({ retries }) => retries);
}
