import type { TextCastExpression } from "@freshet/sql";
import { DEFAULT_TEXT_SETTINGS, Oid } from "@freshet/values";
import type { Codec, ColumnType, Value } from "@freshet/values";
import type { CompileArgument, CompiledExpression, ExpressionContext } from "./context.ts";
import { declined } from "./evaluation-error.ts";
import { requireCodec, typeName, unsupported } from "./unsupported.ts";

const STRING_TYPES: ReadonlySet<number> = new Set<number>([Oid.text, Oid.varchar, Oid.bpchar]);

/** A cast through text. Input text that is not surely understood is left to PostgreSQL. */
export function compileTextCast(
  expression: TextCastExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const arg = compile(expression.arg, context);
  const source = settingsFree(expression.arg.type, context);
  const target = settingsFree(expression.type, context);
  const name = typeName(expression.type, context.codecs);
  const fromString = STRING_TYPES.has(expression.arg.type.typeOid);
  const toString = STRING_TYPES.has(expression.type.typeOid);
  return (row) => {
    const value = arg(row);
    if (value === null) return null;
    const text = fromString && typeof value === "string" ? value : textOf(value, source);
    return toString ? text : parse(text, target, name);
  };
}

function settingsFree(type: ColumnType, context: ExpressionContext): Codec {
  const codec = requireCodec(type, context.codecs);
  if (codec.textDependsOn.length > 0) throw unsupported(`a cast of ${codec.name} through text`);
  return codec;
}

function textOf(value: Value, codec: Codec): string {
  const text = codec.toText(codec.encode(value), DEFAULT_TEXT_SETTINGS);
  if (text === undefined) throw declined(`the text of a value of type ${codec.name}`);
  return text.toString("utf8");
}

function parse(text: string, codec: Codec, name: string): Value {
  const bytes = codec.fromText(text, DEFAULT_TEXT_SETTINGS);
  if (bytes === undefined) throw declined(`the cast of this text to ${name}`);
  return codec.decode(bytes);
}
