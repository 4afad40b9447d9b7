import { createHash } from "node:crypto";
import { FreshetError, SqlState } from "@freshet/base";

/** Digests by the OID of a certificate's signature algorithm, as DER content bytes in hex. */
const DIGESTS: Readonly<Record<string, string>> = {
  // RSA with MD5 and SHA-1, ECDSA with SHA-1, DSA with SHA-1: SHA-256 stands in for both, by RFC 5929.
  "2a864886f70d010104": "sha256",
  "2a864886f70d010105": "sha256",
  "2a8648ce3d0401": "sha256",
  "2a8648ce380403": "sha256",
  // RSA
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a864886f70d01010e": "sha224",
  // ECDSA
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

/**
 * `tls-server-end-point` of RFC 5929: the certificate's hash by the digest of its own signature. Null for signatures
 * that name no digest (Ed25519, RSA-PSS), with which PostgreSQL offers no channel binding either.
 */
export function endPointHash(certificate: Buffer): Buffer | null {
  const digest = DIGESTS[signatureAlgorithm(certificate).toString("hex")];
  return digest === undefined ? null : createHash(digest).update(certificate).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID … }, signatureValue }. */
function signatureAlgorithm(certificate: Buffer): Buffer {
  const whole = element(certificate, 0);
  const toBeSigned = element(certificate, whole.start);
  const algorithm = element(certificate, toBeSigned.end);
  const oid = element(certificate, algorithm.start);
  return certificate.subarray(oid.start, oid.end);
}

/** Where the contents of the DER element at `at` begin and end. */
function element(bytes: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = bytes[at + 1];
  if (first === undefined) throw broken();
  const words = first < 0x80 ? 0 : first & 0x7f;
  if (words > 4 || at + 2 + words > bytes.length) throw broken();
  const length = words === 0 ? first : bytes.readUIntBE(at + 2, words);
  const start = at + 2 + words;
  if (start + length > bytes.length) throw broken();
  return { start, end: start + length };
}

function broken(): FreshetError {
  return new FreshetError(SqlState.internalError, "a certificate is not encoded as it should be");
}
