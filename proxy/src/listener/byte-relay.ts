import type { Duplex } from "node:stream";

/** Passes bytes both ways without looking at them, with back-pressure; when one side goes, so does the other. */
export function relayBytes(client: Duplex, upstream: Duplex): void {
  client.pipe(upstream);
  upstream.pipe(client);
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => client.end());
}
