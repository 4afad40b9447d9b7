import {
  FreshetError,
  SqlState,
  type SslMode,
  type SslNegotiation,
  firstHostUrl,
  sslModes,
  sslNegotiations,
  urlHosts,
} from "@freshet/base";

/** Where the upstream listens. `host` beginning with "/" is the folder of a unix socket. */
export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** The name that `host` is an address of, which its certificate is for. */
  readonly name?: string;
}

/** libpq's values of target_session_attrs that make sense where all is written and replicated from. */
const targetSessionAttrs = ["any", "read-write", "primary"] as const;
export type TargetSessionAttrs = (typeof targetSessionAttrs)[number];

/** An upstream connection string, taken apart. */
export interface UpstreamUrl extends UpstreamAddress {
  /** All hosts that the primary may be; `host` and `port` are those of the first. */
  readonly hosts: readonly UpstreamAddress[];
  /** What the host that counts has to be; where several are listed and nothing else is said, `primary`. */
  readonly target: TargetSessionAttrs;
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

/**
 * Parses `postgres://user:password@host:port/database`; `?host=/folder` names a unix socket as libpq does. Several hosts, separated by commas, are
 * those that the primary may be on.
 */
export function parseUpstreamUrl(text: string): UpstreamUrl {
  const first = firstHostUrl(text);
  const url = URL.canParse(first) ? new URL(first) : null;
  if (url === null || (url.protocol !== "postgres:" && url.protocol !== "postgresql:")) {
    throw invalid("the upstream URL is not a postgres:// URL", "Use the form postgres://user@host:5432/database.");
  }
  for (const [parameter, option] of Object.entries(OPTION_OF)) {
    if (url.searchParams.has(parameter)) throw invalid(`the upstream URL has ${parameter}`, `Use ${option} instead.`);
  }
  const hosts = readHosts(text, url);
  const [{ host, port } = { host: "localhost", port: DEFAULT_PORT }] = hosts;
  return {
    host,
    port,
    hosts,
    target: choice(url, "target_session_attrs", targetSessionAttrs) ?? (hosts.length > 1 ? "primary" : "any"),
    user: url.username === "" ? null : decode(url.username),
    password: url.password === "" ? null : decode(url.password),
    database: url.pathname.length > 1 ? decode(url.pathname.slice(1)) : null,
    sslMode: choice(url, "sslmode", sslModes),
    sslNegotiation: choice(url, "sslnegotiation", sslNegotiations),
  };
}

/** As libpq reads them: `?host=` and `?port=` go before what stands in front of the path; one port may be for all hosts. */
function readHosts(text: string, url: URL): readonly UpstreamAddress[] {
  const written = urlHosts(text).map(splitHost);
  const names = url.searchParams.get("host")?.split(",") ?? written.map(({ host }) => host);
  const given = url.searchParams.get("port")?.split(",");
  const ports = given ?? written.map(({ port }) => port);
  if (ports.length !== 1 && ports.length !== names.length) {
    throw invalid(`the upstream URL has ${names.length} hosts and ${ports.length} ports`);
  }
  return names.map((name, at) => ({ host: name === "" ? "localhost" : name, port: readPort(ports[at] ?? ports[0]) }));
}

function splitHost(text: string): { readonly host: string; readonly port: string } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(text);
  if (match === null) throw invalid(`the upstream URL has a host that is none: ${text}`);
  return { host: match[1] ?? decode(match[2] ?? ""), port: match[3] ?? "" };
}

function readPort(text: string | undefined): number {
  const port = text === undefined || text === "" ? DEFAULT_PORT : Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid("the upstream URL has no valid port");
  return port;
}

/** The URL for the driver, which gets its connections ready made: without what says how they are made, and with one host. */
export function driverUrl(text: string): string {
  const url = new URL(firstHostUrl(text));
  for (const name of ["sslmode", "sslnegotiation", "target_session_attrs"]) url.searchParams.delete(name);
  for (const name of ["host", "port"]) {
    const [first, ...others] = url.searchParams.get(name)?.split(",") ?? [];
    if (first !== undefined && others.length > 0) url.searchParams.set(name, first);
  }
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
