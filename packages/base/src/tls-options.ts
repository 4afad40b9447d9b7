import { choiceKind, pathKind, textKind } from "./option-kinds.ts";
import type { OptionSpecs } from "./options.ts";

/** What libpq and PgBouncer call sslmode. */
export const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof sslModes)[number];

export const tlsVersions = ["TLSv1.2", "TLSv1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** How a connection to upstream begins: with PostgreSQL's SSLRequest, or with TLS at once. */
export const sslNegotiations = ["postgres", "direct"] as const;
export type SslNegotiation = (typeof sslNegotiations)[number];

/** TLS on both sides; the names are PgBouncer's. */
export interface TlsOptions {
  readonly clientTlsSslmode: SslMode;
  readonly clientTlsKeyFile: string | undefined;
  readonly clientTlsCertFile: string | undefined;
  readonly clientTlsCaFile: string | undefined;
  readonly clientTlsCrlFile: string | undefined;
  readonly clientTlsMinVersion: TlsVersion;
  readonly clientTlsCiphers: string | undefined;
  readonly serverTlsSslmode: SslMode | undefined;
  readonly serverTlsSslnegotiation: SslNegotiation;
  readonly serverTlsKeyFile: string | undefined;
  readonly serverTlsCertFile: string | undefined;
  readonly serverTlsCaFile: string | undefined;
  readonly serverTlsCrlFile: string | undefined;
  readonly serverTlsMinVersion: TlsVersion;
  readonly serverTlsCiphers: string | undefined;
}

const file = pathKind("FILE");
const ciphers = textKind("LIST", "a list of ciphers in OpenSSL's form", /^[\w:+!@=,. -]+$/);

export const tlsOptionSpecs: OptionSpecs<TlsOptions> = {
  clientTlsSslmode: {
    kind: choiceKind(sslModes, "MODE"),
    description:
      "TLS between clients and Freshet: disable, allow or prefer (both: a client may ask for it), require, verify-ca or verify-full (both: the client needs a certificate).",
    default: "disable",
  },
  clientTlsKeyFile: {
    kind: file,
    description: "The private key that Freshet shows to clients (PEM). Read again when it changes and on SIGHUP.",
    optional: true,
  },
  clientTlsCertFile: {
    kind: file,
    description: "Its certificate, with the chain behind it (PEM).",
    optional: true,
  },
  clientTlsCaFile: {
    kind: file,
    description: "The authorities that sign clients' certificates (PEM); with it clients are asked for one.",
    optional: true,
  },
  clientTlsCrlFile: {
    kind: file,
    description: "Certificates of clients that have been revoked (PEM).",
    optional: true,
  },
  clientTlsMinVersion: {
    kind: choiceKind(tlsVersions, "VERSION"),
    description: "The oldest TLS version that clients may use.",
    default: "TLSv1.2",
  },
  clientTlsCiphers: {
    kind: ciphers,
    description: "The ciphers that clients may use.",
    optional: true,
  },
  serverTlsSslmode: {
    kind: choiceKind(sslModes, "MODE"),
    description:
      "TLS between Freshet and upstream, as in libpq: disable, allow, prefer, require, verify-ca, verify-full. Not given: the sslmode of the upstream URL, else prefer.",
    optional: true,
  },
  serverTlsSslnegotiation: {
    kind: choiceKind(sslNegotiations, "HOW"),
    description: "How TLS to upstream begins: postgres (SSLRequest), or direct, which PostgreSQL 17 and newer know.",
    default: "postgres",
  },
  serverTlsKeyFile: {
    kind: file,
    description: "The private key of Freshet's own certificate as a client of upstream (PEM).",
    optional: true,
  },
  serverTlsCertFile: {
    kind: file,
    description: "That certificate (PEM).",
    optional: true,
  },
  serverTlsCaFile: {
    kind: file,
    description: "The authorities that sign upstream's certificate (PEM). Not given: those that the system trusts.",
    optional: true,
  },
  serverTlsCrlFile: {
    kind: file,
    description: "Certificates of upstream that have been revoked (PEM).",
    optional: true,
  },
  serverTlsMinVersion: {
    kind: choiceKind(tlsVersions, "VERSION"),
    description: "The oldest TLS version that upstream may use.",
    default: "TLSv1.2",
  },
  serverTlsCiphers: {
    kind: ciphers,
    description: "The ciphers that upstream may use.",
    optional: true,
  },
};
