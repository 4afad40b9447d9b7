import type { FunctionTable } from "./scalar-function.ts";

function toInt2(value: number): number {
  return (value << 16) >> 16;
}

/**
 * Bit operators. A shift distance is taken modulo the width the C code shifts in (32 bits for int2 and
 * int4, 64 for int8), as the processors PostgreSQL runs on do.
 */
export const INTEGER_BITS: FunctionTable = {
  int2and: (a: number, b: number) => a & b,
  int2or: (a: number, b: number) => a | b,
  int2xor: (a: number, b: number) => a ^ b,
  int2not: (a: number) => ~a,
  int2shl: (a: number, distance: number) => toInt2(a << distance),
  int2shr: (a: number, distance: number) => a >> distance,
  int4and: (a: number, b: number) => a & b,
  int4or: (a: number, b: number) => a | b,
  int4xor: (a: number, b: number) => a ^ b,
  int4not: (a: number) => ~a,
  int4shl: (a: number, distance: number) => a << distance,
  int4shr: (a: number, distance: number) => a >> distance,
  int8and: (a: bigint, b: bigint) => a & b,
  int8or: (a: bigint, b: bigint) => a | b,
  int8xor: (a: bigint, b: bigint) => a ^ b,
  int8not: (a: bigint) => ~a,
  int8shl: (a: bigint, distance: number) => BigInt.asIntN(64, a << BigInt(distance & 63)),
  int8shr: (a: bigint, distance: number) => a >> BigInt(distance & 63),
};
