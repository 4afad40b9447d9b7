import {
  AUTHENTICATION_OK,
  type BackendKeyData,
  encodeBackendKeyData,
  encodeParameterStatus,
  frontendScanner,
  readyForQuery,
} from "@freshet/wire";
import type { Authenticator } from "../authentication/authenticator.ts";
import { ClientExchange } from "../authentication/client-exchange.ts";
import type { ClientStartup } from "../authentication/client-login.ts";
import type { Startup } from "../listener/startup-negotiation.ts";
import type { Login } from "../session/login.ts";
import type { Pools } from "./pools.ts";
import type { Seat } from "./seat.ts";
import type { ServerConnection } from "./server-connection.ts";

/** A login that Freshet has conducted. */
export interface PooledLogin {
  readonly seat: Seat;
  /** In mode session. */
  readonly server: ServerConnection | null;
  readonly login: Pick<Login, "frontend" | "status" | "parameters">;
}

export interface PooledLoginParts {
  readonly pools: Pools;
  readonly authenticator: Authenticator;
  readonly issueKey: (version: number, processId: number | undefined, seat: Seat) => BackendKeyData;
}

/**
 * Lets a client into its pool: authentication, a place, and the beginning of a session as a server of its own would have sent it.
 * Null when the client has gone; rejects with a FreshetError when it is not let in.
 */
export async function logInPooled(
  { pools, authenticator, issueKey }: PooledLoginParts,
  { socket, early }: Startup,
  { applicant, parameters: startup, version, negotiation }: ClientStartup,
): Promise<PooledLogin | null> {
  const exchange = new ClientExchange(socket, early);
  if (negotiation !== null) exchange.send(negotiation);
  pools.learnt(applicant.user, await authenticator.authenticate(exchange, applicant));
  if (exchange.gone) return null;
  const seat = pools.seat(applicant, startup);
  try {
    const server = seat.mode === "session" ? await seat.acquire(ownSettings(startup)) : null;
    const reported = server?.reported.values ?? (await pools.welcome(seat));
    if (exchange.gone || !socket.writable) {
      if (server !== null) seat.release(server, "clean");
      seat.left();
      return null;
    }
    const parameters = new Map(reported);
    parameters.set("application_name", startup.get("application_name") ?? "");
    exchange.send(
      AUTHENTICATION_OK,
      ...[...parameters].map(([name, value]) => encodeParameterStatus(name, value)),
      encodeBackendKeyData(issueKey(version, server?.processId, seat)),
      readyForQuery("I"),
    );
    const frontend = frontendScanner();
    frontend.push(exchange.finish());
    return { seat, server, login: { frontend, status: "I", parameters } };
  } catch (thrown) {
    seat.left();
    throw thrown;
  }
}

/** Settings that are the client's own although connections with others of them serve it. */
function ownSettings(startup: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([["application_name", startup.get("application_name") ?? ""]]);
}
