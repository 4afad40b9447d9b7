import { FreshetError, SqlState } from "@freshet/base";

/** Where the upstream listens. `host` beginning with "/" is the folder of a unix socket. */
export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
}

/** An upstream connection string, taken apart. */
export interface UpstreamUrl extends UpstreamAddress {
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
}

const DEFAULT_PORT = 5432;

/** Parses `postgres://user:password@host:port/database`; `?host=/folder` names a unix socket as libpq does. */
export function parseUpstreamUrl(text: string): UpstreamUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "postgres:" && url.protocol !== "postgresql:")) {
    throw invalid("the upstream URL is not a postgres:// URL", "Use the form postgres://user@host:5432/database.");
  }
  const mode = url.searchParams.get("sslmode");
  if (mode !== null && !["disable", "allow", "prefer"].includes(mode)) {
    throw invalid(
      `the upstream URL asks for sslmode=${mode}`,
      "Connections to the upstream are not encrypted; use sslmode=disable.",
    );
  }
  const host = url.searchParams.get("host") ?? decode(url.hostname.replace(/^\[(.*)\]$/, "$1"));
  const port = Number(url.searchParams.get("port") ?? (url.port === "" ? DEFAULT_PORT : url.port));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid("the upstream URL has no valid port");
  return {
    host: host === "" ? "localhost" : host,
    port,
    user: url.username === "" ? null : decode(url.username),
    password: url.password === "" ? null : decode(url.password),
    database: url.pathname.length > 1 ? decode(url.pathname.slice(1)) : null,
  };
}

/** For messages: never with user or password. */
export function formatAddress(address: UpstreamAddress): string {
  return address.host.startsWith("/") ? `${address.host}/.s.PGSQL.${address.port}` : `${address.host}:${address.port}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (thrown) {
    throw new FreshetError(SqlState.invalidParameterValue, "the upstream URL has a broken percent-encoding", {
      cause: thrown,
    });
  }
}

function invalid(message: string, hint?: string): FreshetError {
  return new FreshetError(SqlState.invalidParameterValue, message, { hint });
}
