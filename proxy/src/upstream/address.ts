import { FreshetError, SqlState, type SslMode, type SslNegotiation, sslModes, sslNegotiations } from "@freshet/base";

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
  /** Null: the URL does not say. */
  readonly sslMode: SslMode | null;
  readonly sslNegotiation: SslNegotiation | null;
}

/** libpq's parameters of TLS that options of Freshet stand for. */
const OPTION_OF: Readonly<Record<string, string>> = {
  sslcert: "--server-tls-cert-file",
  sslkey: "--server-tls-key-file",
  sslrootcert: "--server-tls-ca-file",
  sslcrl: "--server-tls-crl-file",
};

const DEFAULT_PORT = 5432;

/** Parses `postgres://user:password@host:port/database`; `?host=/folder` names a unix socket as libpq does. */
export function parseUpstreamUrl(text: string): UpstreamUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "postgres:" && url.protocol !== "postgresql:")) {
    throw invalid("the upstream URL is not a postgres:// URL", "Use the form postgres://user@host:5432/database.");
  }
  for (const [parameter, option] of Object.entries(OPTION_OF)) {
    if (url.searchParams.has(parameter)) throw invalid(`the upstream URL has ${parameter}`, `Use ${option} instead.`);
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
    sslMode: choice(url, "sslmode", sslModes),
    sslNegotiation: choice(url, "sslnegotiation", sslNegotiations),
  };
}

/** The URL for the driver, which gets its connections ready made: without what says how they are made. */
export function withoutTls(text: string): string {
  const url = new URL(text);
  url.searchParams.delete("sslmode");
  url.searchParams.delete("sslnegotiation");
  return url.href;
}

function choice<T extends string>(url: URL, parameter: string, choices: readonly T[]): T | null {
  const given = url.searchParams.get(parameter);
  if (given === null) return null;
  const chosen = choices.find((one) => one === given);
  if (chosen === undefined)
    throw invalid(`the upstream URL has ${parameter}=${given}`, `It may be ${choices.join(", ")}.`);
  return chosen;
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
