import { FreshetError, SqlState } from "@freshet/base";
import type { Codec, CodecSet, ColumnType } from "@freshet/values";

/** The refusal, at compile time, of what no cache can evaluate. */
export function unsupported(what: string): FreshetError {
  return new FreshetError(SqlState.featureNotSupported, `${what} is not supported in caches`);
}

export function typeName(type: ColumnType, codecs: CodecSet): string {
  return codecs.get(type.typeOid)?.name ?? `type ${type.typeOid}`;
}

/** `name(type, type)`, as error messages name a call. */
export function callName(name: string, argTypes: readonly ColumnType[], codecs: CodecSet): string {
  return `function ${name}(${argTypes.map((type) => typeName(type, codecs)).join(", ")})`;
}

export function requireCodec(type: ColumnType, codecs: CodecSet): Codec {
  const codec = codecs.get(type.typeOid);
  if (codec === undefined) throw unsupported(typeName(type, codecs));
  return codec;
}
