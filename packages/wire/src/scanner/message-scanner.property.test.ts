import { FreshetError } from "@freshet/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frame } from "../frame.ts";
import { MessageScanner } from "./message-scanner.ts";
import { backendScanner, frontendScanner } from "./scanners.ts";

const numRuns = 200 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);
const message = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 300 }))
  .map(([type, body]) => frame(type, body));

/** Cuts `bytes` at random places. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) chunks.push(bytes.subarray(at));
  return chunks;
}

interface Scanned {
  readonly type: number;
  readonly size: number;
  readonly bytes: Buffer;
}

/** `reused`: through which all chunks come, as from a connection that is read into the same memory over and over. */
function scan(scanner: MessageScanner, chunks: readonly Buffer[], reused?: Buffer): Scanned[] {
  const messages: { type: number; size: number; parts: Buffer[]; done: boolean }[] = [];
  for (const chunk of chunks) {
    if (reused !== undefined) {
      scanner.detach();
      chunk.copy(reused);
    }
    scanner.push(reused?.subarray(0, chunk.length) ?? chunk);
    while (scanner.advance()) {
      if (scanner.first) messages.push({ type: scanner.type, size: scanner.size, parts: [], done: false });
      const last = messages.at(-1);
      expect(last?.done).toBe(false);
      last?.parts.push(Buffer.from(scanner.buffer.subarray(scanner.start, scanner.end)));
      if (last !== undefined) last.done = scanner.last;
    }
  }
  return messages.map(({ type, size, parts }) => ({ type, size, bytes: Buffer.concat(parts) }));
}

describe("a message scanner", () => {
  it("delivers the same messages however the stream is cut", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 60 });
    const options = fc.record({
      wholeBelow: fc.integer({ min: 0, max: 300 }),
      prefixBytes: fc.integer({ min: 5, max: 40 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        sizes,
        options,
        fc.boolean(),
        (messages, cuts, { wholeBelow, prefixBytes }, isReused) => {
          const scanner = new MessageScanner({
            maxLength: 1000,
            isWhole: (_type, bytes) => bytes < wholeBelow,
            prefixBytes,
          });
          const bytes = Buffer.concat(messages);
          const scanned = scan(scanner, cut(bytes, cuts), isReused ? Buffer.alloc(bytes.length) : undefined);
          expect(scanned.map((one) => one.bytes)).toEqual(messages);
          expect(scanned.map((one) => [one.type, one.size])).toEqual(messages.map((one) => [one[0], one.length]));
          expect(scanner.buffered).toBe(0);
          expect(scanner.streaming).toBe(false);
        },
      ),
      { numRuns },
    );
  });

  it("delivers the first piece of a streamed message with its prefix", () => {
    fc.assert(
      fc.property(message, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 40, maxLength: 40 }), (one, cuts) => {
        const scanner = new MessageScanner({ maxLength: 1000, isWhole: () => false, prefixBytes: 20 });
        for (const chunk of cut(one, cuts)) {
          scanner.push(chunk);
          while (scanner.advance())
            if (scanner.first) expect(scanner.end - scanner.start).toBeGreaterThanOrEqual(Math.min(20, one.length));
        }
        expect(scanner.last).toBe(true);
      }),
      { numRuns },
    );
  });

  it("takes any bytes: pieces add up, or the protocol error is raised", () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 });
    fc.assert(
      fc.property(chunks, fc.boolean(), (bytes, isFrontend) => {
        const scanner = isFrontend ? frontendScanner() : backendScanner();
        const all = Buffer.concat(bytes);
        try {
          const delivered = Buffer.concat(
            scan(
              scanner,
              bytes.map((chunk) => Buffer.from(chunk)),
            ).map((one) => one.bytes),
          );
          expect(delivered).toEqual(all.subarray(0, delivered.length));
          expect(delivered.length + scanner.buffered).toBe(all.length);
        } catch (thrown) {
          if (!(thrown instanceof FreshetError)) throw thrown;
          expect(thrown.code).toBe("08P01");
        }
      }),
      { numRuns },
    );
  });

  it("gives back what it has not delivered", () => {
    fc.assert(
      fc.property(message, fc.nat(299), (one, length) => {
        const scanner = new MessageScanner({ maxLength: 1000, isWhole: () => true, prefixBytes: 5 });
        const part = one.subarray(0, Math.min(length, one.length - 1));
        scanner.push(part);
        expect(scanner.advance()).toBe(false);
        expect(scanner.takeRest()).toEqual(part);
        expect(scanner.buffered).toBe(0);
      }),
      { numRuns },
    );
  });
});
