import type { Duplex } from "node:stream";
import type { MessageScanner } from "@freshet/wire";
import { readDirectly } from "../upstream/direct-reading.ts";
import type { ServerChannel, ServerEvents } from "./pool-port.ts";

/** A server connection that belongs to one session alone. */
export function ownServer(socket: Duplex, scanner: MessageScanner, cancel: () => void): ServerChannel {
  return {
    socket,
    scanner,
    cancel,
    listen: (events: ServerEvents | null) => {
      if (events === null) return;
      readDirectly(socket, (chunk) => events.data(chunk));
      socket.on("drain", () => events.drain());
      socket.on("end", () => events.gone());
      socket.on("close", () => events.gone());
    },
  };
}
