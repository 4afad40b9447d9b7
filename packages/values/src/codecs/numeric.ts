import type { Codec, Decimal } from "../codec.ts";
import { parseDecimal } from "../decimal.ts";
import { Oid } from "../oids.ts";
import {
  decodeNumericWire,
  encodeNumericWire,
  isNumericWire,
  numericWireText,
  writeNumericKey,
} from "./numeric-wire.ts";
import { ascii, NO_SETTINGS, trimBlanks, wrongValue } from "./support.ts";

export const numericCodec: Codec = {
  oid: Oid.numeric,
  name: "numeric",
  hasEquality: true,
  imageIsIdentity: false,
  ordered: true,
  textDependsOn: NO_SETTINGS,
  isValid: isNumericWire,
  toText: (bytes) => ascii(numericWireText(bytes)),
  writeText(source, start, end, out) {
    out.ascii(numericWireText(source.subarray(start, end)));
    return true;
  },
  fromText(text) {
    const value = parseDecimal(trimBlanks(text));
    return value === undefined ? undefined : encodeNumericWire(value);
  },
  writeKey: writeNumericKey,
  decode: decodeNumericWire,
  encode(value): Buffer {
    if (typeof value !== "object" || Buffer.isBuffer(value)) throw wrongValue(value, "numeric");
    const decimal: Decimal = value;
    return encodeNumericWire(decimal);
  },
};
