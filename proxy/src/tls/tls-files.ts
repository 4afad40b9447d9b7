import { readFileSync, unwatchFile, watchFile } from "node:fs";
import type { SecureContextOptions } from "node:tls";
import { FreshetError, SqlState, type TlsVersion, errorMessage } from "@freshet/base";

/** Files and limits of one side's TLS. */
export interface TlsFiles {
  readonly keyFile: string | undefined;
  readonly certFile: string | undefined;
  readonly caFile: string | undefined;
  readonly crlFile: string | undefined;
  readonly minVersion: TlsVersion;
  readonly ciphers: string | undefined;
}

/** How often the files are looked at. */
const WATCH_INTERVAL_MS = 2000;

/** Reads all files; throws a FreshetError that names the one that cannot be read. */
export function readTlsFiles(files: TlsFiles): SecureContextOptions {
  return {
    key: read(files.keyFile),
    cert: read(files.certFile),
    ca: read(files.caFile),
    crl: read(files.crlFile),
    minVersion: files.minVersion,
    ciphers: files.ciphers,
  };
}

function read(file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (thrown) {
    throw new FreshetError(SqlState.configFileError, `could not read "${file}"`, {
      detail: errorMessage(thrown),
      cause: thrown,
    });
  }
}

/** Calls `changed` when one of the files has another time or size; by looking, since links that are swapped tell nothing. */
export function watchTlsFiles(files: TlsFiles, changed: () => void): () => void {
  const names = [files.keyFile, files.certFile, files.caFile, files.crlFile].filter((name) => name !== undefined);
  for (const name of names) watchFile(name, { interval: WATCH_INTERVAL_MS, persistent: false }, changed);
  return () => {
    for (const name of names) unwatchFile(name, changed);
  };
}
