import { createConnection, type Socket } from "node:net";
import { FreshetError, SqlState } from "@freshet/base";
import { type UpstreamAddress, formatAddress } from "./address.ts";

/** Opens a connection to the upstream; rejects in PostgreSQL's form when there is none within the time. */
export function connectUpstream(address: UpstreamAddress, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(
      address.host.startsWith("/")
        ? { path: formatAddress(address) }
        : { host: address.host, port: address.port, noDelay: true, keepAlive: true },
    );
    const fail = (reason: string, cause?: unknown): void => {
      socket.destroy();
      const message = `could not connect to the upstream server at "${formatAddress(address)}"`;
      reject(new FreshetError(SqlState.cannotConnect, message, { detail: reason, cause }));
    };
    const timer = setTimeout(() => fail(`No connection within ${timeoutMs} ms.`), timeoutMs);
    const onError = (error: Error): void => {
      clearTimeout(timer);
      fail(error.message, error);
    };
    socket.once("error", onError);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", onError);
      resolve(socket);
    });
  });
}
