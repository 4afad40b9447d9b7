import type { Value } from "@freshet/values";

/**
 * PostgreSQL's `in_range(value, base, offset, sub, less)`: whether `value` lies on this side (`less`: at or before; else at
 * or behind) of `base - offset` (`sub`) or `base + offset`. Neither value is NULL.
 */
export type InRange = (value: Value, base: Value, sub: boolean, less: boolean) => boolean;
