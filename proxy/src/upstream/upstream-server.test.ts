import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UpstreamServer } from "./upstream-server.ts";

let server: Server;
/** Connections that the server has not closed yet, and how many there were in all. */
let open: Socket[];
let accepted: number;

beforeEach(async () => {
  open = [];
  accepted = 0;
  server = createServer((socket) => {
    accepted++;
    open.push(socket);
    socket.on("error", () => undefined).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test("a storm of cancel requests opens a bounded number of connections, and all get through", async () => {
  const { port } = server.address() as AddressInfo;
  const upstream = new UpstreamServer({ host: "127.0.0.1", port }, 10_000);
  const cancels = Promise.all(Array.from({ length: 200 }, () => upstream.cancel(Buffer.alloc(16))));
  let most = 0;
  while (accepted < 200) {
    await vi.waitUntil(() => open.length > 0, { timeout: 10_000, interval: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    most = Math.max(most, open.length);
    for (const socket of open.splice(0)) socket.end();
  }
  await cancels;
  expect(accepted).toBe(200);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(16);
});
