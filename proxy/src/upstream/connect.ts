import { createConnection, type Socket } from "node:net";
import { FreshetError, SqlState, errorMessage } from "@freshet/base";
import { NO_UPSTREAM_TLS, type UpstreamTlsSettings, beginUpstreamTls } from "../tls/upstream-tls.ts";
import { type UpstreamAddress, formatAddress } from "./address.ts";
import { DirectReading } from "./direct-reading.ts";

/** Opens a connection to the upstream, with TLS where that is asked for; rejects in PostgreSQL's form when there is none within the time. */
export async function connectUpstream(
  address: UpstreamAddress,
  timeoutMs: number,
  tls: UpstreamTlsSettings = NO_UPSTREAM_TLS,
): Promise<Socket> {
  const isUnix = address.host.startsWith("/");
  const reading = new DirectReading();
  const onread = reading.options;
  const socket = createConnection(
    isUnix
      ? { path: formatAddress(address), onread }
      : { host: address.host, port: address.port, noDelay: true, keepAlive: true, onread },
  );
  reading.attach(socket);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    socket.destroy(new Error(`No connection within ${timeoutMs} ms.`));
  }, timeoutMs);
  try {
    await connected(socket);
    // PostgreSQL offers no TLS on Unix sockets.
    return isUnix ? socket : await beginUpstreamTls(socket, address.name ?? address.host, tls);
  } catch (thrown) {
    socket.destroy();
    throw new FreshetError(
      SqlState.cannotConnect,
      `could not connect to the upstream server at "${formatAddress(address)}"`,
      { detail: late ? `No connection within ${timeoutMs} ms.` : errorMessage(thrown), cause: thrown },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** The listener stays: an error between this and the next reader of the socket is told by its `close`. */
function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.once("connect", resolve);
  });
}
