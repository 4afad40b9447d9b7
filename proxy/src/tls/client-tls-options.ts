import type { FreshetOptions, Logger } from "@freshet/base";
import { ClientTls } from "./client-tls.ts";

/** TLS for clients as the options ask for it; null: none. Throws a FreshetError when the files cannot be used. */
export function createClientTls(options: FreshetOptions, logger: Logger): ClientTls | null {
  const { clientTlsSslmode: mode } = options;
  if (mode === "disable") return null;
  const settings = {
    mode,
    keyFile: options.clientTlsKeyFile,
    certFile: options.clientTlsCertFile,
    caFile: options.clientTlsCaFile,
    crlFile: options.clientTlsCrlFile,
    minVersion: options.clientTlsMinVersion,
    ciphers: options.clientTlsCiphers,
  };
  return new ClientTls(settings, logger);
}
