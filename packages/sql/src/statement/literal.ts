import type { A_Const, Node } from "libpg-query";
import { nextToken, type Token } from "../parser/tokenizer.ts";
import type { Literal } from "./shape.ts";

/** The literal a constant node stands for; null for NULL, bit strings and other nodes. */
export function literalOf(node: Node): Literal | null {
  if (!("A_Const" in node)) return null;
  const constant: A_Const = node.A_Const;
  if (constant.isnull === true || constant.bsval !== undefined) return null;
  if (constant.ival !== undefined) return { kind: "integer", text: String(constant.ival.ival ?? 0) };
  if (constant.fval !== undefined) return numberLiteral(constant.fval.fval ?? "");
  if (constant.boolval !== undefined) {
    return { kind: "boolean", text: constant.boolval.boolval === true ? "true" : "false" };
  }
  return { kind: "string", text: constant.sval?.sval ?? "" };
}

/** The parser's "float" is every number beyond int4, as written: integers also in other bases. */
function numberLiteral(written: string): Literal {
  const digits = written.replaceAll("_", "");
  const negative = digits.startsWith("-");
  const magnitude = negative ? digits.slice(1) : digits;
  if (!/^(?:[0-9]+|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(magnitude))
    return { kind: "decimal", text: digits };
  const value = BigInt(/^0[0-9]/.test(magnitude) ? magnitude.replace(/^0+(?=.)/, "") : magnitude);
  return { kind: "integer", text: String(negative ? -value : value) };
}

/**
 * Where the constant that begins at `start` ends: a number with its sign (and brackets behind the sign),
 * TRUE or FALSE, or a string with its UESCAPE clause. Null when the text there is not a plain literal.
 */
export function literalEnd(bytes: string, start: number): number | null {
  let token = nextToken(bytes, start);
  let open = 0;
  for (; token !== null && isSignOrBracket(bytes, token); token = nextToken(bytes, token.end)) {
    if (bytes[token.start] === "(") open++;
  }
  if (token === null || (token.start !== start && token.kind !== "number")) return null;
  if (token.kind === "string") return stringEnd(bytes, token);
  if (token.kind === "word") return /^(?:true|false)$/i.test(bytes.slice(token.start, token.end)) ? token.end : null;
  if (token.kind !== "number") return null;
  for (; open > 0; open--) {
    token = nextToken(bytes, token.end);
    if (token === null || bytes[token.start] !== ")") return null;
  }
  return token.end;
}

function isSignOrBracket(bytes: string, token: Token): boolean {
  return token.kind === "symbol" && token.end === token.start + 1 && "-(".includes(bytes[token.start] as string);
}

function stringEnd(bytes: string, string: Token): number {
  if (!/^[uU]&/.test(bytes.slice(string.start, string.start + 2))) return string.end;
  const next = nextToken(bytes, string.end);
  if (next === null || !/^uescape$/i.test(bytes.slice(next.start, next.end))) return string.end;
  return nextToken(bytes, next.end)?.end ?? string.end;
}
