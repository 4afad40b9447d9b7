import {
  AuthenticationKind,
  encodeAuthentication,
  encodeBackendKeyData,
  encodeBind,
  encodeCancelRequest,
  encodeClose,
  encodeCommandComplete,
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeDataRow,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeGssencRequest,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeSslRequest,
  encodeStartupMessage,
  encodeSync,
  encodeTerminate,
  frame,
  readyForQuery,
} from "@freshet/wire";
import fc from "fast-check";

/** What a hostile peer sends: messages as they should be, messages that lie about themselves, and noise. */

const text = fc.string({ maxLength: 30 }).map((given) => given.replaceAll("\0", ""));
const bytes = fc.uint8Array({ maxLength: 60 }).map((given) => Buffer.from(given));
const target = fc.constantFrom("statement" as const, "portal" as const);

export const frontendMessage: fc.Arbitrary<Buffer> = fc.oneof(
  text.map(encodeQuery),
  fc
    .tuple(text, text, fc.array(fc.nat(100_000), { maxLength: 4 }))
    .map(([name, sql, oids]) => encodeParse(name, sql, oids)),
  fc
    .record({
      portal: text,
      statement: text,
      formats: fc.array(fc.nat(3), { maxLength: 3 }),
      values: fc.array(fc.option(bytes), { maxLength: 4 }),
      resultFormats: fc.array(fc.nat(3), { maxLength: 3 }),
    })
    .map(encodeBind),
  fc.tuple(target, text).map(([kind, name]) => encodeDescribe(kind, name)),
  fc.tuple(target, text).map(([kind, name]) => encodeClose(kind, name)),
  fc.tuple(text, fc.nat(5)).map(([portal, rows]) => encodeExecute(portal, rows)),
  fc.constantFrom(encodeSync(), encodeFlush(), encodeCopyDone(), encodeTerminate()),
  bytes.map(encodeCopyData),
  text.map(encodeCopyFail),
  text.map(encodePassword),
);

export const backendMessage: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .constantFrom(...Object.values(AuthenticationKind))
    .chain((kind) => bytes.map((body) => encodeAuthentication(kind, body))),
  fc.tuple(text, text).map(([name, value]) => encodeParameterStatus(name, value)),
  fc.tuple(fc.nat(), bytes).map(([processId, secretKey]) => encodeBackendKeyData({ processId, secretKey })),
  fc
    .tuple(fc.nat(), fc.array(text, { maxLength: 3 }))
    .map(([version, names]) => encodeNegotiateProtocolVersion(version, names)),
  fc.array(fc.option(bytes), { maxLength: 5 }).map(encodeDataRow),
  text.map(encodeCommandComplete),
  fc.constantFrom("I" as const, "T" as const, "E" as const).map(readyForQuery),
);

export const startupPacket: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(3 << 16, (3 << 16) | 2, (3 << 16) | 9999, 2 << 16, 0x16030100),
      fc.array(fc.tuple(text, text), { maxLength: 5 }),
    )
    .map(([version, parameters]) => encodeStartupMessage(version, new Map(parameters))),
  fc.tuple(fc.nat(), bytes).map(([processId, key]) => encodeCancelRequest(processId, key)),
  fc.constantFrom(encodeSslRequest(), encodeGssencRequest()),
);

/** A message with a wrong type, length or body. */
const liar: fc.Arbitrary<Buffer> = fc.oneof(
  fc.tuple(fc.nat(255), bytes).map(([type, body]) => frame(type, body)),
  fc.tuple(fc.nat(255), fc.nat(0xffffffff), bytes).map(([type, length, body]) => {
    const message = frame(type, body);
    message.writeUInt32BE(length, 1);
    return message;
  }),
  bytes,
);

/** Messages one after the other, with a few bytes changed. */
export function stream(message: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 });
  const items = fc.array(fc.oneof({ arbitrary: message, weight: 4 }, liar), { maxLength: 12 });
  return fc.tuple(items, changes).map(([messages, flips]) => {
    const whole = Buffer.concat(messages);
    for (const [at, value] of flips) if (at < whole.length) whole[at] = value;
    return whole;
  });
}

/** A stream in chunks, wherever the network may cut it. */
export function chunked(whole: fc.Arbitrary<Buffer>): fc.Arbitrary<readonly Buffer[]> {
  return fc.tuple(whole, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 })).map(([all, sizes]) => {
    const chunks: Buffer[] = [];
    let at = 0;
    for (const size of sizes) {
      if (at >= all.length) break;
      chunks.push(Buffer.from(all.subarray(at, at + size)));
      at += size;
    }
    if (at < all.length) chunks.push(Buffer.from(all.subarray(at)));
    return chunks;
  });
}
