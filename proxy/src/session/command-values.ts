import { FreshetError, SqlState } from "@freshet/base";

const BOOL = 16;
const INT8 = 20;
const INT4 = 23;
const TEXT = 25;
const FLOAT8 = 701;
const VARCHAR = 1043;

/** pg_type.typlen of the types that commands show. */
export function typeLength(typeOid: number): number {
  switch (typeOid) {
    case BOOL:
      return 1;
    case INT4:
      return 4;
    case INT8:
    case FLOAT8:
      return 8;
    default:
      return -1;
  }
}

/** Binary form of a command's value, which is given in text form. */
export function encodeCommandValue(typeOid: number, text: string): Buffer {
  const bytes = Buffer.alloc(Math.max(typeLength(typeOid), 0));
  switch (typeOid) {
    case TEXT:
    case VARCHAR:
      return Buffer.from(text);
    case BOOL:
      bytes[0] = text === "t" || text === "true" ? 1 : 0;
      return bytes;
    case INT4:
      bytes.writeInt32BE(Number(text), 0);
      return bytes;
    case INT8:
      bytes.writeBigInt64BE(BigInt(text), 0);
      return bytes;
    case FLOAT8:
      bytes.writeDoubleBE(Number(text), 0);
      return bytes;
    default:
      throw new FreshetError(SqlState.featureNotSupported, `no binary output is available for type ${typeOid}`);
  }
}
