import { Duplex } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { OutputBatch } from "./output-batch.ts";

/** Takes what is written, as it is: to be looked at when all is done, so that memory used twice would show. */
class Collector extends Duplex {
  readonly chunks: Buffer[] = [];

  override _read(): void {
    // Nothing is ever read from it.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }
}

const source = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
const size = fc.oneof(fc.nat(100), fc.nat(3000), fc.constantFrom(0, 1, 48, 49, 2047, 2048, 2049, 16_384, 40_000));
const step = fc.record({
  size,
  from: fc.nat(50_000),
  kind: fc.constantFrom("next", "range", "message", "latin1"),
  flushes: fc.boolean(),
});

test("batches that collect in turn do not disturb each other", () => {
  const turns = fc.array(fc.record({ which: fc.nat(2), size, from: fc.nat(50_000), flushes: fc.boolean() }), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(turns, (all) => {
      const sockets = [0, 1, 2].map(() => new Collector({ writableHighWaterMark: 1 << 30 }));
      const batches = sockets.map((socket) => new OutputBatch(socket));
      const expected: Buffer[][] = [[], [], []];
      for (const { which, size: count, from, flushes } of all) {
        const bytes = source.subarray(from, from + count);
        batches[which]?.message(Buffer.from(bytes));
        expected[which]?.push(bytes);
        if (flushes) batches[which]?.flush();
      }
      for (const batch of batches) batch.flush();
      expect(sockets.map(({ chunks }) => Buffer.concat(chunks))).toEqual(expected.map((parts) => Buffer.concat(parts)));
    }),
    { numRuns: 200 },
  );
});

test("what is collected leaves in order, small batches in one write", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const socket = new Collector({ writableHighWaterMark: 1 << 30 });
      const batch = new OutputBatch(socket);
      const expected: Buffer[] = [];
      let [at, pending, writes] = [0, 0, 0];
      const flush = (): void => {
        const before = socket.chunks.length;
        batch.flush();
        writes = socket.chunks.length - before;
        expect(pending === 0 ? writes : Math.min(writes, 1)).toBe(pending === 0 ? 0 : 1);
        if (pending > 0 && pending <= 32_768) expect(writes).toBe(1);
        pending = 0;
      };
      for (const { size: count, from, kind, flushes } of steps) {
        if (kind !== "next") at = from;
        const end = Math.min(at + count, source.length);
        const bytes = source.subarray(at, end);
        if (kind === "message") batch.message(Buffer.from(bytes));
        else if (kind === "latin1") batch.latin1(bytes.toString("latin1"));
        else batch.range(source, at, end);
        expected.push(bytes);
        pending += bytes.length;
        at = end;
        if (flushes) flush();
      }
      flush();
      expect(Buffer.concat(socket.chunks).equals(Buffer.concat(expected))).toBe(true);
    }),
    { numRuns: 300 },
  );
});
