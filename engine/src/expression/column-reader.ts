import { Oid } from "@freshet/values";
import type { ColumnExpression } from "@freshet/sql";
import { assert } from "@freshet/base";
import type { CompiledExpression, ExpressionContext } from "./context.ts";
import { requireCodec } from "./unsupported.ts";

/** Reads a column without making a buffer for it, for the types where that pays. */
export function compileColumn(expression: ColumnExpression, context: ExpressionContext): CompiledExpression {
  const { index, type } = expression;
  assert(index >= 0 && index < context.columns.length, () => `no column ${index} in the input row`);
  switch (type.typeOid) {
    case Oid.int4:
    case Oid.date:
      return (row) => {
        const at = row.start(index);
        return at < 0 ? null : row.buffer.readInt32BE(at);
      };
    case Oid.int2:
      return (row) => {
        const at = row.start(index);
        return at < 0 ? null : row.buffer.readInt16BE(at);
      };
    case Oid.oid:
      return (row) => {
        const at = row.start(index);
        return at < 0 ? null : row.buffer.readUInt32BE(at);
      };
    case Oid.int8:
    case Oid.timestamp:
    case Oid.timestamptz:
      return (row) => {
        const at = row.start(index);
        return at < 0 ? null : row.buffer.readBigInt64BE(at);
      };
    case Oid.bool:
      return (row) => {
        const at = row.start(index);
        return at < 0 ? null : row.buffer[at] !== 0;
      };
    case Oid.float4:
      return (row) => {
        const at = row.start(index);
        return at < 0 ? null : row.buffer.readFloatBE(at);
      };
    case Oid.float8:
      return (row) => {
        const at = row.start(index);
        return at < 0 ? null : row.buffer.readDoubleBE(at);
      };
    case Oid.text:
    case Oid.varchar:
    case Oid.bpchar:
      return (row) => {
        const at = row.start(index);
        return at < 0 ? null : row.buffer.toString("utf8", at, at + row.length(index));
      };
    default:
      return compileDecodedColumn(index, expression, context);
  }
}

/** A decoded buffer may share the row's memory: whoever keeps a value beyond the row copies it. */
function compileDecodedColumn(
  index: number,
  expression: ColumnExpression,
  context: ExpressionContext,
): CompiledExpression {
  const codec = requireCodec(expression.type, context.codecs);
  return (row) => {
    const bytes = row.bytes(index);
    return bytes === null ? null : codec.decode(bytes);
  };
}
