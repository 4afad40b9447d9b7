import { FreshetError, SqlState, type SslMode } from "@freshet/base";
import type { Encryption } from "../tls/client-tls.ts";

/** Why a client may not go on with the encryption that it has, by `client_tls_sslmode`; null when it may. */
export function encryptionProblem(mode: SslMode, encryption: Encryption | null): FreshetError | null {
  const certificate = encryption?.certificate ?? null;
  // PostgreSQL refuses a certificate that does not verify in every mode, since its owner relies on it.
  if (certificate !== null && certificate.problem !== null) {
    return new FreshetError(SqlState.invalidAuthorization, "the client's certificate cannot be verified", {
      detail: certificate.problem,
    });
  }
  if (mode === "disable" || mode === "allow" || mode === "prefer") return null;
  if (encryption === null) {
    return new FreshetError(SqlState.invalidAuthorization, "connections without TLS are not accepted", {
      hint: "Connect with sslmode=require.",
    });
  }
  if (mode === "require" || certificate !== null) return null;
  return new FreshetError(SqlState.invalidAuthorization, "connection requires a valid client certificate");
}
