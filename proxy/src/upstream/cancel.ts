import type { UpstreamAddress } from "./address.ts";
import { connectUpstream } from "./connect.ts";

/**
 * Sends a CancelRequest on a connection of its own. Resolves when the upstream has closed it, which is
 * after the signal has been sent; rejects when it cannot be reached.
 */
export async function relayCancel(address: UpstreamAddress, packet: Buffer, timeoutMs: number): Promise<void> {
  const socket = await connectUpstream(address, timeoutMs);
  await new Promise<void>((resolve) => {
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    socket.resume();
    socket.write(packet);
  });
}
