import { FreshetError } from "@freshet/base";
import { packRow, UNCHANGED_LENGTH, unpackRow } from "@freshet/values";
import { describe, expect, it } from "vitest";
import { decodePgoutput } from "./pgoutput-decoder.ts";
import { Keep, TuplePacker } from "./tuple-packer.ts";

function hex(...parts: readonly string[]): Buffer {
  return Buffer.from(parts.join("").replaceAll(" ", ""), "hex");
}

const zstring = (text: string): string => Buffer.from(`${text}\0`).toString("hex");
/** (7, NULL, unchanged, 'ab') */
const TUPLE = "0004 62 00000004 00000007 6e 75 62 00000002 6162";

const samples: Readonly<Record<string, Buffer>> = {
  begin: hex("42", "0000000001a2b3c8", "0002a1b2c3d4e5f6", "000002ee"),
  commit: hex("43 00", "0000000001a2b3c8", "0000000001a2b3f8", "0002a1b2c3d4e5f6"),
  origin: hex("4f", "0000000000000010", zstring("elsewhere")),
  relation: hex(
    "52 00004001",
    zstring("public"),
    zstring("a"),
    "64 0002",
    "01",
    zstring("id"),
    "00000017 ffffffff",
    "00",
    zstring("n"),
    "00000413 00000018",
  ),
  type: hex("59 00004002", zstring(""), zstring("mood")),
  insert: hex("49 00004001 4e", TUPLE),
  update: hex("55 00004001 4e", TUPLE),
  updateKey: hex("55 00004001 4b", TUPLE, "4e", TUPLE),
  updateFull: hex("55 00004001 4f", TUPLE, "4e", TUPLE),
  delete: hex("44 00004001 4b", TUPLE),
  truncate: hex("54 00000002 03 00004001 00004002"),
  message: hex("4d 01 0000000001a2b3c8", zstring("freshet"), "00000003", "64646c"),
};

function sample(name: string): Buffer {
  const bytes = samples[name];
  if (bytes === undefined) throw new Error(`no sample ${name}`);
  return bytes;
}

describe("decodePgoutput", () => {
  it("reads a transaction's frame", () => {
    expect(decodePgoutput(sample("begin"))).toEqual({
      kind: "begin",
      finalLsn: 0x1a2b3c8n,
      commitTime: 0x2a1b2c3d4e5f6n,
      xid: 750,
    });
    expect(decodePgoutput(sample("commit"))).toEqual({
      kind: "commit",
      commitLsn: 0x1a2b3c8n,
      endLsn: 0x1a2b3f8n,
      commitTime: 0x2a1b2c3d4e5f6n,
    });
    expect(decodePgoutput(sample("origin"))).toEqual({ kind: "origin", lsn: 16n, name: "elsewhere" });
  });

  it("reads relations and types", () => {
    expect(decodePgoutput(sample("relation"))).toEqual({
      kind: "relation",
      oid: 0x4001,
      schema: "public",
      name: "a",
      identity: "d",
      columns: [
        { key: true, name: "id", typeOid: 23, typmod: -1 },
        { key: false, name: "n", typeOid: 1043, typmod: 24 },
      ],
    });
    expect(decodePgoutput(sample("type"))).toEqual({ kind: "type", oid: 0x4002, schema: "pg_catalog", name: "mood" });
  });

  it("reads changes, with their tuples as views", () => {
    const tuple = hex(TUPLE);
    expect(decodePgoutput(sample("insert"))).toEqual({ kind: "insert", oid: 0x4001, tuple });
    expect(decodePgoutput(sample("update"))).toEqual({
      kind: "update",
      oid: 0x4001,
      oldKind: null,
      oldTuple: null,
      tuple,
    });
    expect(decodePgoutput(sample("updateKey"))).toEqual({
      kind: "update",
      oid: 0x4001,
      oldKind: "K",
      oldTuple: tuple,
      tuple,
    });
    expect(decodePgoutput(sample("updateFull"))).toEqual({
      kind: "update",
      oid: 0x4001,
      oldKind: "O",
      oldTuple: tuple,
      tuple,
    });
    expect(decodePgoutput(sample("delete"))).toEqual({ kind: "delete", oid: 0x4001, oldKind: "K", oldTuple: tuple });
    expect(decodePgoutput(sample("truncate"))).toEqual({
      kind: "truncate",
      oids: [0x4001, 0x4002],
      cascade: true,
      restartIdentity: true,
    });
    expect(decodePgoutput(sample("message"))).toEqual({
      kind: "message",
      transactional: true,
      lsn: 0x1a2b3c8n,
      prefix: "freshet",
      content: Buffer.from("ddl"),
    });
  });

  it.each(Object.keys(samples))("refuses every truncation and any surplus of %s", (name) => {
    const whole = sample(name);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodePgoutput(whole.subarray(0, length)), `${length} bytes`).toThrow(FreshetError);
    }
    expect(() => decodePgoutput(Buffer.concat([whole, Buffer.from([0])]))).toThrow(/bytes too many/);
  });

  it("refuses unknown kinds and absurd lengths", () => {
    expect(() => decodePgoutput(hex("53"))).toThrow(/unknown kind "S"/);
    expect(() => decodePgoutput(hex("49 00004001 4b", TUPLE))).toThrow(/new tuple is expected/);
    expect(() => decodePgoutput(hex("44 00004001 4e", TUPLE))).toThrow(/old tuple is expected/);
    expect(() => decodePgoutput(hex("49 00004001 4e 0001 62 7fffffff 00"))).toThrow(/cut short/);
    expect(() => decodePgoutput(hex("49 00004001 4e 0001 62 ffffffff 00"))).toThrow(/cut short/);
    expect(() => decodePgoutput(hex("49 00004001 4e 0001 7a"))).toThrow(/unknown kind 122/);
    expect(() => decodePgoutput(hex("54 ffffffff 00"))).toThrow(/cut short/);
  });
});

describe("TuplePacker", () => {
  const packer = new TuplePacker();

  it("keeps, blanks and leaves out columns", () => {
    const { yes, no, asNull } = Keep;
    const all = packer.pack(hex(TUPLE), [yes, yes, yes, yes]);
    expect(all?.toString("hex")).toBe(hex("00000004 00000007 ffffffff fffffffe 00000002 6162").toString("hex"));
    expect(all?.readInt32BE(12)).toBe(UNCHANGED_LENGTH);
    const some = packer.pack(hex(TUPLE), [asNull, no, no, yes]);
    expect(some && unpackRow(some)).toEqual([null, Buffer.from("ab")]);
    expect(packer.pack(hex(TUPLE), [no, no, no, no])).toHaveLength(0);
  });

  it("packs rows larger than its memory", () => {
    const value = Buffer.alloc(100_000, 7);
    const tuple = Buffer.concat([hex("0001 62 000186a0"), value]);
    expect(packer.pack(tuple, [Keep.yes])?.equals(packRow([value]))).toBe(true);
  });

  it("does not pack a kept column that came as text, and passes over one that is left out", () => {
    const tuple = hex("0002 74 00000001 61 62 00000001 62");
    expect(packer.pack(tuple, [Keep.yes, Keep.yes])).toBeUndefined();
    expect(packer.pack(tuple, [Keep.no, Keep.yes])?.equals(packRow([Buffer.from("b")]))).toBe(true);
  });

  it("refuses a tuple of another width", () => {
    expect(() => packer.pack(hex(TUPLE), [Keep.yes])).toThrow(FreshetError);
  });
});
