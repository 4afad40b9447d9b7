import { once } from "node:events";
import { type AddressInfo, type Socket, createConnection, createServer } from "node:net";
import { beforeEach, expect, it } from "vitest";
import { OutputBatch } from "../session/output-batch.ts";
import { DirectReading, readDirectly } from "./direct-reading.ts";

let peer: Socket;
let socket: Socket;

beforeEach(async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const reading = new DirectReading();
  const { port } = server.address() as AddressInfo;
  socket = createConnection({ port, host: "127.0.0.1", onread: reading.options });
  reading.attach(socket);
  [peer] = (await accepted) as [Socket];
  return () => {
    socket.destroy();
    peer.destroy();
    server.close();
  };
});

const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));

it("reads into the same memory, and into more of it once that was filled", async () => {
  const memory = new Set<ArrayBufferLike>();
  const received: Buffer[] = [];
  readDirectly(socket, (chunk) => {
    memory.add(chunk.buffer);
    received.push(Buffer.from(chunk));
    return false;
  });
  peer.end(bytes);
  await once(socket, "end");
  expect(Buffer.concat(received).equals(bytes)).toBe(true);
  expect([...memory].map(({ byteLength }) => byteLength)).toEqual([8192, 65_536]);
});

it("leaves alone what is still needed", async () => {
  const received: Buffer[] = [];
  readDirectly(socket, (chunk) => {
    received.push(chunk);
    return true;
  });
  peer.end(bytes);
  await once(socket, "end");
  expect(Buffer.concat(received).equals(bytes)).toBe(true);
});

it("relays to a peer that reads slowly what was sent", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const reader = createConnection((server.address() as AddressInfo).port, "127.0.0.1").pause();
  const [client] = (await accepted) as [Socket];
  const batch = new OutputBatch(client);
  let most = 0;
  readDirectly(socket, (chunk) => {
    batch.range(chunk, 0, chunk.length);
    batch.flush();
    most = Math.max(most, batch.backlog);
    if (batch.congested) {
      socket.pause();
      client.once("drain", () => socket.resume());
    }
    return batch.backlog > 0;
  });
  socket.on("end", () => client.end());
  const repeated = Array.from({ length: 4 }, () => bytes);
  for (const part of repeated) peer.write(part);
  peer.end();
  const received: Buffer[] = [];
  await new Promise((resolve) => setTimeout(resolve, 50));
  reader.on("data", (chunk) => received.push(chunk)).resume();
  await once(reader, "end");
  expect(Buffer.concat(received).equals(Buffer.concat(repeated))).toBe(true);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(1 << 20);
  reader.destroy();
  server.close();
});

it("emits `data` as long as nobody reads directly, with memory that stays", async () => {
  const received: Buffer[] = [];
  const ended = once(socket, "end");
  socket.on("data", (chunk) => received.push(chunk));
  peer.end(bytes);
  await ended;
  expect(Buffer.concat(received).equals(bytes)).toBe(true);
});

it("takes up where it was paused", async () => {
  await once(socket, "connect");
  socket.pause();
  const received: Buffer[] = [];
  peer.end("later");
  readDirectly(socket, (chunk) => {
    received.push(Buffer.from(chunk));
    return false;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(received).toEqual([]);
  const ended = once(socket, "end");
  socket.resume();
  await ended;
  expect(Buffer.concat(received).toString()).toBe("later");
});
