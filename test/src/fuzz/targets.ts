import { FreshetError, assert } from "@freshet/base";
import {
  BackendType,
  FrontendType,
  INSPECTED_BYTES,
  type MessageScanner,
  authenticationData,
  backendScanner,
  decodeAuthenticationKind,
  decodeBackendKeyData,
  decodeBind,
  decodeBindNames,
  decodeCommandComplete,
  decodeDataRow,
  decodeErrorFields,
  decodeExecute,
  decodeNegotiateProtocolVersion,
  decodeParameterStatus,
  decodeParse,
  decodeParseName,
  decodePgoutput,
  decodeQuery,
  decodeReadyForQuery,
  decodeRowDescription,
  decodeSaslMechanisms,
  decodeStartupPacket,
  decodeTarget,
  frontendScanner,
  loginScanner,
  startupPacketSize,
} from "@freshet/wire";
import fc from "fast-check";
import { backendMessage, chunked, frontendMessage, startupPacket, stream } from "./streams.ts";

/** Something that reads what strangers send. Its property fails when it crashes, hangs or holds too much. */
export interface FuzzTarget {
  readonly name: string;
  readonly property: fc.IProperty<[unknown]>;
}

type Decoder = (buffer: Buffer, start: number, end: number) => unknown;

const FRONTEND: Readonly<Record<number, readonly Decoder[]>> = {
  [FrontendType.query]: [decodeQuery],
  [FrontendType.parse]: [decodeParse, decodeParseName],
  [FrontendType.bind]: [decodeBind, decodeBindNames],
  [FrontendType.describe]: [decodeTarget],
  [FrontendType.close]: [decodeTarget],
  [FrontendType.execute]: [decodeExecute],
};

const BACKEND: Readonly<Record<number, readonly Decoder[]>> = {
  [BackendType.authentication]: [decodeAuthenticationKind, decodeSaslMechanisms, authenticationData],
  [BackendType.backendKeyData]: [decodeBackendKeyData],
  [BackendType.commandComplete]: [decodeCommandComplete],
  [BackendType.dataRow]: [decodeDataRow],
  [BackendType.errorResponse]: [decodeErrorFields],
  [BackendType.negotiateProtocolVersion]: [decodeNegotiateProtocolVersion],
  [BackendType.parameterStatus]: [decodeParameterStatus],
  [BackendType.readyForQuery]: [decodeReadyForQuery],
  [BackendType.rowDescription]: [decodeRowDescription],
};

export const fuzzTargets: readonly FuzzTarget[] = [
  { name: "startup packets", property: over(stream(startupPacket), readStartup) },
  {
    name: "a client's messages",
    property: over(chunked(stream(frontendMessage)), (chunks) => scan(frontendScanner(), chunks, FRONTEND)),
  },
  {
    name: "a client's login",
    property: over(chunked(stream(frontendMessage)), (chunks) => scan(loginScanner(), chunks, FRONTEND)),
  },
  {
    name: "a server's messages",
    property: over(chunked(stream(backendMessage)), (chunks) => scan(backendScanner(), chunks, BACKEND)),
  },
  { name: "pgoutput", property: over(pgoutput(), (bytes) => violationOr(() => decodePgoutput(bytes))) },
];

function over<T>(arbitrary: fc.Arbitrary<T>, run: (given: T) => void): fc.IProperty<[unknown]> {
  return fc.property(arbitrary, (given: unknown) => run(given as T));
}

function readStartup(bytes: Buffer): void {
  violationOr(() => {
    const size = startupPacketSize(bytes);
    if (size !== null && size <= bytes.length) decodeStartupPacket(bytes.subarray(0, size));
  });
}

/** Everything that comes is delivered once and in order, in a bounded number of steps, and little is held. */
function scan(
  scanner: MessageScanner,
  chunks: readonly Buffer[],
  decoders: Readonly<Record<number, readonly Decoder[]>>,
): void {
  const all = Buffer.concat(chunks);
  let delivered = 0;
  let steps = 0;
  violationOr(() => {
    for (const chunk of chunks) {
      scanner.push(chunk);
      while (scanner.advance()) {
        steps += 1;
        assert(steps <= all.length + 1, "the scanner makes progress");
        const { buffer, start, end, type, first, last } = scanner;
        const piece = buffer.subarray(start, end);
        assert(piece.equals(all.subarray(delivered, delivered + piece.length)), "pieces are what was sent");
        delivered += piece.length;
        if (first && last) for (const decode of decoders[type] ?? []) violationOr(() => decode(buffer, start, end));
      }
      assert(scanner.buffered <= INSPECTED_BYTES + chunk.length, "little is held");
    }
  });
}

/** Messages of the stream that are nearly right: a tag, fields, and strings with or without their ends. */
function pgoutput(): fc.Arbitrary<Buffer> {
  const field = fc.oneof(
    fc.string({ maxLength: 12 }).map((value) => Buffer.from(`${value}\0`)),
    fc.nat(0xffffffff).map((value) => {
      const word = Buffer.alloc(4);
      word.writeUInt32BE(value);
      return word;
    }),
    fc.constantFrom("n", "u", "t", "b", "N", "K", "O").map((tag) => Buffer.from(tag)),
    fc.uint8Array({ maxLength: 10 }).map((value) => Buffer.from(value)),
  );
  const tag = fc.constantFrom(...Array.from("BCORYIUDTMSEcAbPKrp")).map((value) => Buffer.from(value));
  return fc.tuple(tag, fc.array(field, { maxLength: 14 })).map(([head, fields]) => Buffer.concat([head, ...fields]));
}

/** Nothing but PostgreSQL's own error for a broken protocol may come of it. */
function violationOr(work: () => unknown): void {
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof FreshetError) || thrown.code !== "08P01") throw thrown;
  }
}
