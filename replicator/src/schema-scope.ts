import type { SchemaScope } from "@freshet/contract";
import { DDL_MESSAGE } from "./names.ts";

/** What an announced schema change was about; null: possibly anything. */
export type AnnouncedScope = SchemaScope | null;

/** Reads the event trigger's message (ddl-trigger.ts); undefined: it is another one. */
export function parseAnnouncement(content: Buffer): AnnouncedScope | undefined {
  const text = content.toString("utf8");
  if (!text.startsWith(DDL_MESSAGE)) return undefined;
  try {
    const scope: unknown = JSON.parse(text.slice(DDL_MESSAGE.length));
    return isScope(scope) ? scope : null;
  } catch {
    // Without details, or with those of another version.
    return null;
  }
}

/** Several changes in one transaction are one. */
export function joinScopes(left: AnnouncedScope, right: AnnouncedScope): AnnouncedScope {
  if (left === null || right === null) return null;
  return { relations: [...left.relations, ...right.relations], names: [...left.names, ...right.names] };
}

function isScope(value: unknown): value is SchemaScope {
  if (typeof value !== "object" || value === null || !("relations" in value) || !("names" in value)) return false;
  const { relations, names } = value;
  return (
    Array.isArray(relations) &&
    relations.every((oid) => Number.isSafeInteger(oid)) &&
    Array.isArray(names) &&
    names.every((name) => typeof name === "string")
  );
}
