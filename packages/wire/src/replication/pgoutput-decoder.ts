import { MessageCursor } from "./message-cursor.ts";
import type { PgoutputMessage, RelationColumn, RelationMessage, ReplicaIdentityCode } from "./pgoutput-message.ts";

/**
 * Decodes one message of pgoutput, protocol version 1. Throws a FreshetError (08P01) when the bytes are
 * cut short, run on or are of an unknown kind.
 */
export function decodePgoutput(bytes: Buffer): PgoutputMessage {
  const cursor = new MessageCursor(bytes, "pgoutput message");
  const message = decodeBody(cursor);
  cursor.end();
  return message;
}

function decodeBody(cursor: MessageCursor): PgoutputMessage {
  const tag = String.fromCharCode(cursor.uint8());
  switch (tag) {
    case "B":
      return { kind: "begin", finalLsn: cursor.uint64(), commitTime: cursor.int64(), xid: cursor.uint32() };
    case "C":
      cursor.skip(1);
      return { kind: "commit", commitLsn: cursor.uint64(), endLsn: cursor.uint64(), commitTime: cursor.int64() };
    case "O":
      return { kind: "origin", lsn: cursor.uint64(), name: cursor.text() };
    case "R":
      return decodeRelation(cursor);
    case "Y":
      return { kind: "type", oid: cursor.uint32(), schema: schemaName(cursor.text()), name: cursor.text() };
    case "I":
      return decodeInsert(cursor);
    case "U":
      return decodeUpdate(cursor);
    case "D": {
      const oid = cursor.uint32();
      const oldKind = identityTag(cursor, String.fromCharCode(cursor.uint8()));
      return { kind: "delete", oid, oldKind, oldTuple: takeTuple(cursor) };
    }
    case "T":
      return decodeTruncate(cursor);
    case "M":
      return decodeLogicalMessage(cursor);
    default:
      throw cursor.violation(`has the unknown kind ${JSON.stringify(tag)}`);
  }
}

/** pgoutput abbreviates pg_catalog to the empty string. */
function schemaName(sent: string): string {
  return sent === "" ? "pg_catalog" : sent;
}

function decodeRelation(cursor: MessageCursor): RelationMessage {
  const oid = cursor.uint32();
  const schema = schemaName(cursor.text());
  const name = cursor.text();
  const identity = identityCode(cursor, String.fromCharCode(cursor.uint8()));
  const columns: RelationColumn[] = [];
  for (let left = cursor.int16(); left > 0; left--) {
    const flags = cursor.uint8();
    columns.push({ key: (flags & 1) === 1, name: cursor.text(), typeOid: cursor.uint32(), typmod: cursor.int32() });
  }
  return { kind: "relation", oid, schema, name, identity, columns };
}

function identityCode(cursor: MessageCursor, code: string): ReplicaIdentityCode {
  if (code === "d" || code === "n" || code === "f" || code === "i") return code;
  throw cursor.violation(`has the unknown replica identity ${JSON.stringify(code)}`);
}

function identityTag(cursor: MessageCursor, tag: string): "K" | "O" {
  if (tag === "K" || tag === "O") return tag;
  throw cursor.violation(`has ${JSON.stringify(tag)} where an old tuple is expected`);
}

function newTupleTag(cursor: MessageCursor, tag: string): void {
  if (tag !== "N") throw cursor.violation(`has ${JSON.stringify(tag)} where a new tuple is expected`);
}

function decodeInsert(cursor: MessageCursor): PgoutputMessage {
  const oid = cursor.uint32();
  newTupleTag(cursor, String.fromCharCode(cursor.uint8()));
  return { kind: "insert", oid, tuple: takeTuple(cursor) };
}

function decodeUpdate(cursor: MessageCursor): PgoutputMessage {
  const oid = cursor.uint32();
  const tag = String.fromCharCode(cursor.uint8());
  if (tag === "N") return { kind: "update", oid, oldKind: null, oldTuple: null, tuple: takeTuple(cursor) };
  const oldKind = identityTag(cursor, tag);
  const oldTuple = takeTuple(cursor);
  newTupleTag(cursor, String.fromCharCode(cursor.uint8()));
  return { kind: "update", oid, oldKind, oldTuple, tuple: takeTuple(cursor) };
}

function decodeTruncate(cursor: MessageCursor): PgoutputMessage {
  const count = cursor.uint32();
  const options = cursor.uint8();
  const oids: number[] = [];
  for (let left = count; left > 0; left--) oids.push(cursor.uint32());
  return { kind: "truncate", oids, cascade: (options & 1) !== 0, restartIdentity: (options & 2) !== 0 };
}

function decodeLogicalMessage(cursor: MessageCursor): PgoutputMessage {
  const transactional = (cursor.uint8() & 1) === 1;
  const lsn = cursor.uint64();
  const prefix = cursor.text();
  return { kind: "message", transactional, lsn, prefix, content: cursor.bytes(cursor.int32()) };
}

/** Checks a TupleData's structure and returns it as a view, its column count included. */
function takeTuple(cursor: MessageCursor): Buffer {
  const start = cursor.offset;
  for (let left = cursor.int16(); left > 0; left--) {
    const kind = cursor.uint8();
    if (kind === TupleColumn.binary || kind === TupleColumn.text) cursor.skip(cursor.int32());
    else if (kind !== TupleColumn.null && kind !== TupleColumn.unchanged) {
      throw cursor.violation(`has a column of the unknown kind ${kind}`);
    }
  }
  return cursor.since(start);
}

/** How a column's value is sent in a TupleData: 'n', 'u', 't', 'b'. */
export const TupleColumn = { null: 0x6e, unchanged: 0x75, text: 0x74, binary: 0x62 } as const;
