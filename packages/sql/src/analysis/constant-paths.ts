import { Oid } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { unsupported } from "./unsupported.ts";

/**
 * Refuses a jsonpath that is not a constant: the text in which PostgreSQL sends some paths means another path, so only constants, which are read from the
 * server's own form, are surely understood.
 */
export function checkPathArguments(args: readonly Expression[]): void {
  if (args.some((arg) => arg.type.typeOid === Oid.jsonpath && arg.kind !== "constant"))
    throw unsupported("a jsonpath that is not a constant is not supported");
}
