import { type Socket, createServer } from "node:net";
import process from "node:process";
import {
  BIND_COMPLETE,
  BackendType,
  CLOSE_COMPLETE,
  FrontendType,
  PARSE_COMPLETE,
  decodeStartupPacket,
  encodeCommandComplete,
  encodeDataRow,
  encodeRowDescription,
  frame,
  frontendScanner,
  readyForQuery,
  startupPacketSize,
} from "@freshet/wire";

/**
 * The least that a server in Node can do: it looks at nothing but the types of the messages and answers each
 * combination of them with one fixed buffer. What it reaches is the ceiling for any proxy in Node.
 */

const AUTHENTICATION_OK = frame(BackendType.authentication, Buffer.alloc(4));
const COLUMNS = encodeRowDescription([
  { name: "abalance", tableOid: 0, attribute: 0, typeOid: 23, typeLength: 4, typmod: -1, format: 0 },
]);
const RESULT = Buffer.concat([encodeDataRow([Buffer.from("0")]), encodeCommandComplete("SELECT 1")]);

const ANSWERS: ReadonlyMap<number, Buffer> = new Map([
  [FrontendType.query, Buffer.concat([COLUMNS, RESULT, readyForQuery("I")])],
  [FrontendType.parse, PARSE_COMPLETE],
  [FrontendType.bind, BIND_COMPLETE],
  [FrontendType.describe, COLUMNS],
  [FrontendType.execute, RESULT],
  [FrontendType.close, CLOSE_COMPLETE],
  [FrontendType.sync, readyForQuery("I")],
]);

/** Answers by the types of the messages that came together. */
const fixed = new Map<string, Buffer>();

function answerTo(types: string): Buffer {
  let answer = fixed.get(types);
  if (answer === undefined) {
    answer = Buffer.concat([...Buffer.from(types, "latin1")].map((type) => ANSWERS.get(type) ?? Buffer.alloc(0)));
    fixed.set(types, answer);
  }
  return answer;
}

/** Sends the greeting once the startup packet is complete; returns what follows it, null while it is not. */
function greet(socket: Socket, bytes: Buffer): Buffer | null {
  const size = startupPacketSize(bytes);
  if (size === null || bytes.length < size) return null;
  const rest = bytes.subarray(size);
  const { kind } = decodeStartupPacket(bytes.subarray(0, size));
  if (kind === "startup") {
    socket.write(Buffer.concat([AUTHENTICATION_OK, readyForQuery("I")]));
    return rest;
  }
  if (kind === "cancel-request") socket.end();
  else socket.write("N");
  return greet(socket, rest);
}

function serve(socket: Socket): void {
  const scanner = frontendScanner();
  let startup: Buffer | null = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    let bytes = chunk;
    if (startup !== null) {
      const all = Buffer.concat([startup, chunk]);
      const rest = greet(socket, all);
      startup = rest === null ? all : null;
      if (rest === null) return;
      bytes = rest;
    }
    scanner.push(bytes);
    let types = "";
    while (scanner.advance()) types += String.fromCharCode(scanner.type);
    if (types !== "") socket.write(answerTo(types));
  });
}

const server = createServer(serve);
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.stdout.write("listening\n"));
process.once("SIGTERM", () => process.exit(0));
