import { AggregatorRegistry, type Registry } from "prom-client";
import type { ProcessMetrics } from "../fronts/protocol.ts";

/** The metrics of this process and of others in one, in Prometheus's text form: counters and sizes are added up, unless a metric's `aggregator` says otherwise. */
export async function allMetrics(own: Registry, others: () => Promise<readonly ProcessMetrics[]>): Promise<string> {
  const rest = await others();
  if (rest.length === 0) return own.metrics();
  return AggregatorRegistry.aggregate([await own.getMetricsAsJSON(), ...rest]).metrics();
}
