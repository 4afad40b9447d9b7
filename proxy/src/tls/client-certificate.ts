import type { TLSSocket } from "node:tls";

/** What a client's certificate says. */
export interface ClientCertificate {
  /** The subject's common name; null when there is not exactly one. */
  readonly commonName: string | null;
  /** The subject in RFC 2253's form, the most specific part first: `CN=jane,OU=ops,O=example`. */
  readonly distinguishedName: string;
  /** Why it does not verify against the authorities and the revocation list; null when it does. */
  readonly problem: string | null;
}

/** The certificate that a client has shown in the handshake, or null. */
export function readCertificate(socket: TLSSocket): ClientCertificate | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  // Node's types say that it is an Error; it is its code.
  const problem: unknown = socket.authorizationError;
  const parts = certificate.subject.split("\n");
  const commonNames = parts.filter((part) => part.startsWith("CN=")).map((part) => part.slice(3));
  const [only] = commonNames;
  return {
    commonName: commonNames.length === 1 && only !== undefined && !/[\0\\]/.test(only) ? only : null,
    distinguishedName: parts.toReversed().join(","),
    problem: socket.authorized ? null : problem instanceof Error ? problem.message : String(problem),
  };
}
