import { Socket } from "node:net";

/** A client's connection that somebody else has accepted; nothing of it has been read. */
export type AcceptedSocket = Socket;

/** What came with a message between processes; null: no connection did. */
export function acceptedSocket(handle: unknown): AcceptedSocket | null {
  return handle instanceof Socket ? handle : null;
}

/** Where clients are expected. */
export interface ListenWish {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Beside the port: a Unix socket in this folder. */
  readonly unixSocket?: { readonly directory: string; readonly mode: number };
}

/** The process that accepts clients for several others. */
export interface ClientSource {
  /** Has it listen, unless it does already; rejects when the address is taken. */
  listen(wish: ListenWish): Promise<{ readonly host: string; readonly port: number }>;
  /** One of the clients that it gave to this process is gone. */
  left(): void;
}
