import { existsSync, readFileSync } from "node:fs";
import { type Socket, isIP } from "node:net";
import { type ConnectionOptions, type TLSSocket, connect } from "node:tls";
import { FreshetError, SqlState, type SslMode, type SslNegotiation, environment } from "@freshet/base";
import { encodeSslRequest } from "@freshet/wire";
import { ALPN } from "./client-tls.ts";
import { type TlsFiles, readTlsFiles } from "./tls-files.ts";

export interface UpstreamTlsSettings extends TlsFiles {
  readonly mode: SslMode;
  readonly negotiation: SslNegotiation;
}

export const NO_UPSTREAM_TLS: UpstreamTlsSettings = {
  mode: "disable",
  negotiation: "postgres",
  keyFile: undefined,
  certFile: undefined,
  caFile: undefined,
  crlFile: undefined,
  minVersion: "TLSv1.2",
  ciphers: undefined,
};

const ACCEPTED = 0x53;
const REFUSED = 0x4e;

/** Where systems keep the authorities that they trust. */
const SYSTEM_ROOTS = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * Begins TLS on a fresh connection to the upstream, as far as the settings ask for it and the server offers it. Rejects with a reason; the
 * socket is the caller's to destroy.
 */
export async function beginUpstreamTls(socket: Socket, host: string, settings: UpstreamTlsSettings): Promise<Socket> {
  if (settings.mode === "disable") return socket;
  if (settings.negotiation === "direct") return handshake(socket, host, settings);
  if (await offersTls(socket)) return handshake(socket, host, settings);
  if (settings.mode === "allow" || settings.mode === "prefer") return socket;
  throw new Error("The server does not offer TLS.");
}

/**
 * Asks with SSLRequest. Nothing but the one byte may come: more would be plain text that is taken for encrypted
 * (CVE-2021-23222); and an ErrorResponse here comes from nobody known, so it is not shown (CVE-2024-10977).
 */
function offersTls(socket: Socket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      socket.off("data", onData).off("close", onClose);
      socket.pause();
      settled();
    };
    const onData = (chunk: Buffer): void =>
      settle(() => {
        const [answer] = chunk;
        if (chunk.length !== 1 || (answer !== ACCEPTED && answer !== REFUSED))
          reject(new Error("The server gave no proper answer to the request for TLS."));
        else resolve(answer === ACCEPTED);
      });
    const onClose = (): void => settle(() => reject(new Error("The server closed the connection.")));
    socket.on("data", onData).on("close", onClose);
    socket.write(encodeSslRequest());
  });
}

function handshake(socket: Socket, host: string, settings: UpstreamTlsSettings): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const encrypted = connect({ ...connectionOptions(host, settings), socket });
    const onClose = (): void => reject(new Error("The server closed the connection during the TLS handshake."));
    encrypted.once("error", reject).once("close", onClose);
    encrypted.once("secureConnect", () => {
      encrypted.off("error", reject).off("close", onClose);
      if (settings.negotiation === "direct" && encrypted.alpnProtocol !== ALPN) {
        encrypted.destroy();
        reject(new Error("The server does not speak PostgreSQL's protocol in direct TLS."));
      } else resolve(encrypted);
    });
  });
}

function connectionOptions(host: string, settings: UpstreamTlsSettings): ConnectionOptions {
  const { ca, ...files } = readTlsFiles(settings);
  const verifies = settings.mode === "verify-ca" || settings.mode === "verify-full";
  return {
    ...files,
    ca: ca ?? (verifies ? systemRoots() : undefined),
    host,
    servername: isIP(host) === 0 ? host : undefined,
    ALPNProtocols: [ALPN],
    rejectUnauthorized: verifies,
    ...(settings.mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** The authorities of the system; undefined, which means Node's own list, where none are found. */
function systemRoots(): Buffer | undefined {
  const named = environment()["SSL_CERT_FILE"];
  const file = [...(named === undefined ? [] : [named]), ...SYSTEM_ROOTS].find((name) => existsSync(name));
  return file === undefined ? undefined : readFileSync(file);
}

/** Refuses settings whose files cannot be read, before anybody needs them. */
export function checkUpstreamTls(settings: UpstreamTlsSettings): UpstreamTlsSettings {
  readTlsFiles(settings);
  const { mode, negotiation } = settings;
  if (negotiation === "direct" && (mode === "allow" || mode === "prefer")) {
    throw new FreshetError(
      SqlState.invalidParameterValue,
      `direct TLS to upstream needs --server-tls-sslmode require, verify-ca or verify-full, not ${mode}`,
    );
  }
  return settings;
}
