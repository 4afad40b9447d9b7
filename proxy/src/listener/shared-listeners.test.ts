import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@freshet/base";
import { expect, test } from "vitest";
import type { AcceptedSocket } from "./client-source.ts";
import { SharedListeners } from "./shared-listeners.ts";
import { unixSocketPath } from "./unix-socket.ts";

test("generations that want one address share it, and it is open as long as one of them wants it", async () => {
  const directory = mkdtempSync(join(tmpdir(), "freshet-listeners-"));
  const accepted: { readonly socket: AcceptedSocket; readonly isUnix: boolean }[] = [];
  const listeners = new SharedListeners((socket, isUnix) => accepted.push({ socket, isUnix }), silentLogger());
  const wish = { host: "127.0.0.1", port: 0, unixSocket: { directory, mode: 0o700 } };
  const address = await listeners.want(1, wish);
  expect(await listeners.want(2, wish)).toEqual(address);
  await expect(listeners.want(2, { ...wish, port: address.port })).rejects.toThrow("EADDRINUSE");
  await listeners.release(1);

  const client = connect(address);
  await once(client, "connect");
  client.write("first bytes");
  const local = connect({ path: unixSocketPath(directory, address.port) });
  await once(local, "connect");
  while (accepted.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(new Set(accepted.map(({ isUnix }) => isUnix))).toEqual(new Set([false, true]));
  // Nothing is read before somebody serves the client.
  for (const { socket } of accepted) expect(socket.isPaused()).toBe(true);
  for (const { socket } of accepted) expect(socket.bytesRead).toBe(0);

  for (const socket of [client, local, ...accepted.map((one) => one.socket)]) socket.destroy();
  await listeners.release(2);
  const refused = connect(address);
  await expect(once(refused, "connect")).rejects.toThrow("ECONNREFUSED");
  await listeners.close();
  rmSync(directory, { recursive: true });
});
