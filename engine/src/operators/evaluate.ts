import { FreshetError, SqlState } from "@freshet/base";
import type { MakeUpstreamCalls } from "@freshet/contract";
import type { Expression } from "@freshet/sql";
import type { Codec, CodecSet, ColumnType, PgCollation } from "@freshet/values";
import { compileBytes as compileValueBytes, compileExpression } from "../expression/compile.ts";
import type { RowView } from "../expression/row-view.ts";

/** Column or expression of a row in binary send format; null for NULL. A column is a view on the row. */
export type BytesReader = (row: RowView) => Buffer | null;

/** What operators are compiled with. */
export interface CompileContext {
  readonly codecs: CodecSet;
  readonly collations: readonly PgCollation[];
  /** Absent where plans are only looked at. */
  readonly upstreamCalls?: MakeUpstreamCalls | undefined;
}

const DEFAULT_COLLATION = 100;
const C_COLLATION = 950;

/** The type's codec; a FreshetError (0A000) when there is none. */
export function requireCodec(context: CompileContext, type: ColumnType): Codec {
  const codec = context.codecs.get(type.typeOid);
  if (codec !== undefined) return codec;
  throw new FreshetError(SqlState.featureNotSupported, `type with OID ${type.typeOid} is not supported in caches`);
}

/** The codec of a type whose values are compared for equality. */
export function requireEquality(context: CompileContext, type: ColumnType): Codec {
  const codec = requireCodec(context, type);
  if (type.collation === 0 || type.collation === DEFAULT_COLLATION || type.collation === C_COLLATION) return codec;
  const collation = context.collations.find((candidate) => candidate.oid === type.collation);
  if (collation?.deterministic === true) return codec;
  throw new FreshetError(
    SqlState.featureNotSupported,
    `equality under collation ${collation?.name ?? `with OID ${type.collation}`} is not supported in caches`,
  );
}

/** The codec of a type whose values are sorted by their keys. */
export function requireOrder(context: CompileContext, type: ColumnType): Codec {
  const codec = requireEquality(context, type);
  if (!codec.ordered) {
    throw new FreshetError(SqlState.featureNotSupported, `sorting by type ${codec.name} is not supported in caches`);
  }
  if (type.collation === 0 || type.collation === C_COLLATION) return codec;
  const collation = context.collations.find((candidate) => candidate.oid === type.collation);
  if (collation?.byteOrdered === true) return codec;
  throw new FreshetError(
    SqlState.featureNotSupported,
    `sorting under collation ${collation?.name ?? `with OID ${type.collation}`} is not supported in caches`,
    { hint: 'Sort with COLLATE "C", or use a database with a C or C.UTF-8 locale.' },
  );
}

/** Compiles `expression` to a reader of its value's bytes; plain columns are not decoded. */
export function compileBytes(
  expression: Expression,
  columns: readonly ColumnType[],
  context: CompileContext,
): BytesReader {
  return compileValueBytes(expression, { columns, codecs: context.codecs });
}

/** Compiles a condition: true where PostgreSQL's result is true (not false, not NULL). */
export function compilePredicate(
  expression: Expression,
  columns: readonly ColumnType[],
  context: CompileContext,
): (row: RowView) => boolean {
  const compiled = compileExpression(expression, { columns, codecs: context.codecs });
  return (row) => compiled(row) === true;
}

/** An aggregate's FILTER; without one every row passes. */
export function compileFilter(
  filter: Expression | undefined,
  columns: readonly ColumnType[],
  context: CompileContext,
): (row: RowView) => boolean {
  return filter === undefined ? () => true : compilePredicate(filter, columns, context);
}
