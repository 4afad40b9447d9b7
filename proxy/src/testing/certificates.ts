import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TlsFiles } from "../tls/tls-files.ts";

/** A key, certificate or list of certificates/make.sh. */
export function certificatePath(name: string): string {
  return fileURLToPath(new URL(`certificates/${name}`, import.meta.url));
}

export function certificate(name: string): Buffer {
  return readFileSync(certificatePath(name));
}

/** Files of one side's TLS by the names of their certificates. */
export function tlsFiles(own: string | null, authority: string | null = null, crl: string | null = null): TlsFiles {
  return {
    keyFile: own === null ? undefined : certificatePath(`${own}.key`),
    certFile: own === null ? undefined : certificatePath(`${own}.crt`),
    caFile: authority === null ? undefined : certificatePath(`${authority}.crt`),
    crlFile: crl === null ? undefined : certificatePath(crl),
    minVersion: "TLSv1.2",
    ciphers: undefined,
  };
}
