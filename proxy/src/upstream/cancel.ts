import type { Socket } from "node:net";

/**
 * Sends a CancelRequest on a connection of its own. Resolves when the upstream has closed it, which is
 * after the signal has been sent; rejects when it cannot be reached.
 */
export async function relayCancel(connect: () => Promise<Socket>, packet: Buffer, timeoutMs: number): Promise<void> {
  const socket = await connect();
  await new Promise<void>((resolve) => {
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    socket.resume();
    socket.write(packet);
  });
}
