import { Counter as PromCounter, type Registry } from "prom-client";
import type { CallClient } from "../upstream-calls/call-client.ts";

/** What the counters of calls that PostgreSQL makes read. */
export type CallSources = Pick<CallClient, "calls" | "failures" | "statements" | "seconds">;

/** Of the functions that only PostgreSQL can evaluate. */
export function callMetrics(sources: () => CallSources, registers: Registry[]): void {
  const counter = (name: string, help: string, value: () => number): void => {
    new PromCounter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  };
  counter("freshet_upstream_calls_total", "Calls that PostgreSQL was asked to make.", () => sources().calls);
  counter("freshet_upstream_call_failures_total", "Of these, calls that failed.", () => sources().failures);
  counter("freshet_upstream_call_statements_total", "Statements in which they were made.", () => sources().statements);
  counter("freshet_upstream_call_seconds_total", "Seconds that they took.", () => sources().seconds);
}
