import { quote } from "./column-types.ts";
import type { OracleQuery, ParameterValues, QueryParameter } from "./oracle-case.ts";

/** A statement with the text forms of its bound values, and their types. */
export interface BoundText {
  readonly text: string;
  readonly values: readonly (string | null)[];
  readonly types: readonly string[];
}

type Part = "core" | "whole";

/** The query with its values written into the text. */
export function literalText(query: OracleQuery, values: ParameterValues): string {
  return fill(query, "whole", (parameter, index) => {
    const members = (values[index] ?? []).map((value) => literal(parameter, value));
    return parameter.form === "array" ? arrayConstant(parameter, values[index] ?? []) : members.join(", ");
  });
}

/** The query with `$n` for its values; with `core`, without ORDER BY, LIMIT and OFFSET. */
export function boundText(query: OracleQuery, values: ParameterValues, part: Part = "whole"): BoundText {
  const sent: (string | null)[] = [];
  const types: string[] = [];
  const send = (value: string | null, type: string): string => {
    types.push(type);
    return `$${sent.push(value)}`;
  };
  const text = fill(query, part, (parameter, index) => {
    const members = values[index] ?? [];
    if (parameter.form === "array") return send(arrayText(members), `${parameter.type}[]`);
    return members.map((value) => send(value, parameter.type)).join(", ");
  });
  return { text, values: sent, types };
}

function fill(query: OracleQuery, part: Part, write: (parameter: QueryParameter, index: number) => string): string {
  const template = part === "core" || query.tail === "" ? query.core : `${query.core} ${query.tail}`;
  return template.replaceAll(/\{\{(\d+)\}\}/g, (_place, digits: string) => {
    const parameter = query.parameters[Number(digits)];
    if (parameter === undefined) throw new RangeError(`the query has no parameter ${digits}`);
    return write(parameter, Number(digits));
  });
}

function literal(parameter: QueryParameter, value: string | null): string {
  if (value === null) return "NULL";
  const isBare = parameter.bare && /^(\d{1,9}|\d{1,20}\.\d+|true|false)$/.test(value);
  return isBare ? value : quote(value);
}

function arrayConstant(parameter: QueryParameter, members: readonly (string | null)[]): string {
  return `${quote(arrayText(members))}::${parameter.type}[]`;
}

function arrayText(members: readonly (string | null)[]): string {
  const item = (member: string | null): string =>
    member === null ? "NULL" : `"${member.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  return `{${members.map(item).join(",")}}`;
}
