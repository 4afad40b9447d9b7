import type { Socket } from "node:net";
import { type SecureContextOptions, type Server, type TLSSocket, createSecureContext, createServer } from "node:tls";
import { FreshetError, type Logger, SqlState, type SslMode, errorMessage } from "@freshet/base";
import { type ClientCertificate, readCertificate } from "./client-certificate.ts";
import { endPointHash } from "./certificate-hash.ts";
import { type TlsFiles, readTlsFiles, watchTlsFiles } from "./tls-files.ts";

/** ALPN's name of PostgreSQL's protocol. */
export const ALPN = "postgresql";

/** As PostgreSQL's own: libpq takes so much at a time, and an asynchronous client of it does not look for the rest of a larger record. */
const MAX_RECORD = 8192;

export interface ClientTlsSettings extends TlsFiles {
  readonly mode: Exclude<SslMode, "disable">;
}

/** A client's connection inside TLS, and what its handshake has shown. */
export interface EncryptedClient {
  readonly socket: TLSSocket;
  readonly encryption: Encryption;
}

export interface Encryption {
  readonly protocol: string;
  readonly cipher: string;
  /** `tls-server-end-point` for channel binding; null where there is none for the certificate. */
  readonly endPointHash: Buffer | null;
  /** What the client has shown; null when nothing. */
  readonly certificate: ClientCertificate | null;
}

/**
 * Freshet's own end of clients' TLS. Certificates are read again when their files change; connections that are there keep theirs,
 * and files that do not fit together leave the old ones in force.
 */
export class ClientTls {
  readonly #settings: ClientTlsSettings;
  readonly #logger: Logger;
  readonly #server: Server;
  readonly #waiting = new Map<string, (socket: TLSSocket) => void>();
  #unwatch: () => void = () => undefined;

  /** Throws a FreshetError when the files cannot be used. */
  constructor(settings: ClientTlsSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    this.#server = createServer({
      ...usable(settings),
      ALPNProtocols: [ALPN],
      requestCert: settings.caFile !== undefined,
      // A certificate that does not verify is refused in PostgreSQL's own form (client-certificate.ts).
      rejectUnauthorized: false,
    });
    this.#server.on("secureConnection", (socket) => {
      const found = this.#waiting.get(connectionName(socket));
      if (found === undefined) socket.destroy();
      else found(socket);
    });
  }

  get mode(): ClientTlsSettings["mode"] {
    return this.#settings.mode;
  }

  watch(): void {
    this.#unwatch = watchTlsFiles(this.#settings, () => this.reload());
  }

  close(): void {
    this.#unwatch();
  }

  /** Reads the files again. */
  reload(): void {
    try {
      this.#server.setSecureContext(usable(this.#settings));
      this.#logger.info("the certificates for clients have been read again");
    } catch (thrown) {
      this.#logger.error(
        { error: errorMessage(thrown) },
        "the certificates for clients cannot be used; those in force stay",
      );
    }
  }

  /**
   * Takes a paused socket over and does the handshake, beginning with what the socket has buffered. Calls back when it is done; a handshake
   * that fails ends the socket.
   */
  upgrade(socket: Socket, done: (client: EncryptedClient) => void): void {
    const name = connectionName(socket);
    const forget = (): void => void this.#waiting.delete(name);
    socket.once("close", forget);
    this.#waiting.set(name, (encrypted) => {
      forget();
      encrypted.setMaxSendFragment(MAX_RECORD);
      done({ socket: encrypted, encryption: encryptionOf(encrypted) });
    });
    this.#server.emit("connection", socket);
  }
}

/** Both ends of a TCP connection, which name it while it is open. */
function connectionName(socket: Socket): string {
  return [socket.remoteAddress, socket.remotePort, socket.localAddress, socket.localPort].join(" ");
}

function encryptionOf(socket: TLSSocket): Encryption {
  const own = socket.getX509Certificate();
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher().standardName,
    endPointHash: own === undefined ? null : endPointHash(own.raw),
    certificate: readCertificate(socket),
  };
}

function usable(settings: ClientTlsSettings): SecureContextOptions {
  const options = { ...readTlsFiles(settings), honorCipherOrder: true };
  try {
    createSecureContext(options);
  } catch (thrown) {
    throw new FreshetError(SqlState.configFileError, "the certificate or the key for clients' TLS cannot be used", {
      detail: errorMessage(thrown),
      cause: thrown,
    });
  }
  return options;
}
