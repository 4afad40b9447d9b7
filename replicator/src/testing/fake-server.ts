import type { Socket } from "node:net";
import { createServer } from "node:net";

/** Bytes to send when a simple query arrives; undefined: none, the answer comes later or never. */
export type Answer = (query: string, socket: Socket) => Buffer | undefined;

export interface FakeServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A backend message: type, length, body. */
export function message(type: string, ...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat(body);
  const header = Buffer.alloc(5);
  header.write(type, "latin1");
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

export const readyForQuery: Buffer = message("Z", Buffer.from("I"));

export function commandComplete(tag: string): Buffer {
  return message("C", Buffer.from(`${tag}\0`));
}

/** Lets anybody in and answers simple queries as it is told, in exactly the chunks that it is given. */
export async function startFakeServer(answer: Answer): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let started = false;
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      if (!started) {
        started = true;
        socket.write(Buffer.concat([message("R", Buffer.alloc(4)), readyForQuery]));
      } else if (data[0] === 0x51) {
        const reply = answer(data.toString("utf8", 5, data.length - 1), socket);
        if (reply !== undefined) socket.write(reply);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `postgres://user@127.0.0.1:${port}/database`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
