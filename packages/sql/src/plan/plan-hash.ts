import { createHash } from "node:crypto";
import type { Plan } from "./plan.ts";

/** JSON with the members of every object in the order of their names: equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== "object" || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

/** Structural identity of a plan: SHA-256 (hex) of its canonical JSON. */
export function planHash(plan: Plan): string {
  return createHash("sha256").update(canonicalJson(plan)).digest("hex");
}
