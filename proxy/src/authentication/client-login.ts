import type { Socket } from "node:net";
import { FreshetError, SqlState } from "@freshet/base";
import {
  AUTHENTICATION_OK,
  type BackendKeyData,
  NEWEST_PROTOCOL_VERSION,
  PROTOCOL_OPTION_PREFIX,
  encodeBackendKeyData,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  frontendScanner,
  readyForQuery,
} from "@freshet/wire";
import type { Startup } from "../listener/startup-negotiation.ts";
import type { Login } from "../session/login.ts";
import type { Applicant, Authenticator } from "./authenticator.ts";
import { ClientExchange } from "./client-exchange.ts";
import { type ServerLogin, logIn } from "./server-login.ts";

/** The startup packet of a client that Freshet lets in itself. */
export interface ClientStartup {
  readonly applicant: Applicant;
  /** Agreed on with the client. */
  readonly version: number;
  /** For the upstream: without what the protocol's extensions are asked for with. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly isReplication: boolean;
  /** NegotiateProtocolVersion, where the client wants more than there is. */
  readonly negotiation: Buffer | null;
}

/** Reads a startup packet; throws a FreshetError for a protocol that is not spoken. `isUnix`: over a Unix socket. */
export function readStartup(startup: Startup, isUnix: boolean): ClientStartup {
  const { decoded } = startup;
  if (decoded.kind !== "startup") throw new FreshetError(SqlState.protocolViolation, "a startup packet was expected");
  if (decoded.version >>> 16 !== 3) {
    const asked = `${decoded.version >>> 16}.${decoded.version & 0xffff}`;
    throw new FreshetError(
      SqlState.featureNotSupported,
      `unsupported frontend protocol ${asked}: Freshet supports 3.0 to 3.2`,
    );
  }
  const extensions = [...decoded.parameters.keys()].filter((name) => name.startsWith(PROTOCOL_OPTION_PREFIX));
  const parameters = new Map([...decoded.parameters].filter(([name]) => !name.startsWith(PROTOCOL_OPTION_PREFIX)));
  const user = parameters.get("user") ?? "";
  if (user === "")
    throw new FreshetError(SqlState.invalidAuthorization, "no PostgreSQL user name specified in startup packet");
  const database = parameters.get("database") ?? "";
  const replication = replicationKind(parameters.get("replication"));
  const version = Math.min(decoded.version, NEWEST_PROTOCOL_VERSION);
  const asksForMore = decoded.version > version || extensions.length > 0;
  return {
    applicant: {
      user,
      database: database === "" ? user : database,
      physicalReplication: replication === "physical",
      address: isUnix ? null : (startup.socket.remoteAddress ?? ""),
      encryption: startup.encryption,
    },
    version,
    parameters,
    isReplication: replication !== "none",
    negotiation: asksForMore ? encodeNegotiateProtocolVersion(version, extensions) : null,
  };
}

/** A session that Freshet has let in, and the upstream connection on which it was begun. */
export interface OwnLogin {
  readonly upstream: Socket;
  readonly server: ServerLogin;
  readonly login: Login;
  /** Which the client has got. */
  readonly key: BackendKeyData;
}

export interface OwnLoginParts {
  readonly authenticator: Authenticator;
  readonly connect: () => Promise<Socket>;
  readonly issueKey: (version: number, processId: number | undefined) => BackendKeyData;
}

/**
 * Authenticates a client, logs in to the upstream in its name, and begins the session as the upstream would have. Null when the client has
 * gone; rejects with a FreshetError when it is not let in.
 */
export async function logInClient(
  parts: OwnLoginParts,
  startup: Startup,
  read: ClientStartup,
): Promise<OwnLogin | null> {
  const exchange = new ClientExchange(startup.socket, startup.early);
  if (read.negotiation !== null) exchange.send(read.negotiation);
  const { applicant, parameters, version } = read;
  const secret = await parts.authenticator.authenticate(exchange, applicant);
  if (exchange.gone) return null;
  const upstream = await parts.connect();
  try {
    const server = await logIn(upstream, { user: applicant.user, secret }, parameters);
    if (exchange.gone) {
      upstream.destroy();
      return null;
    }
    const key = parts.issueKey(version, server.key?.processId);
    exchange.send(
      AUTHENTICATION_OK,
      ...[...server.parameters].map(([name, value]) => encodeParameterStatus(name, value)),
      encodeBackendKeyData(key),
      readyForQuery("I"),
    );
    const frontend = frontendScanner();
    frontend.push(exchange.finish());
    const login = {
      status: "I" as const,
      parameters: server.parameters,
      key: server.key,
      frontend,
      backend: server.scanner,
    };
    return { upstream, server, login, key };
  } catch (thrown) {
    upstream.destroy();
    throw thrown;
  }
}

/** PostgreSQL's reading of the `replication` parameter: a walsender unless it is a false boolean. */
export function replicationKind(value: string | undefined): "none" | "physical" | "database" {
  if (value === undefined || ["off", "no", "false", "0", "f", "n"].includes(value.toLowerCase())) return "none";
  return value === "database" ? "database" : "physical";
}
