import type { Value } from "@freshet/values";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { unquote } from "./json-text.ts";
import { isString, levelOf, printArray, printObject } from "./json-tree.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { textElements } from "./text-arrays.ts";

function invalid(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.invalidParameterValue, message);
}

/** `||`: objects are merged, everything else is put into one array. */
function concatenate(left: string, right: string): string {
  const [a, b] = [levelOf(left), levelOf(right)];
  if (a.kind === "object" && b.kind === "object") return printObject(new Map([...a.members, ...b.members]));
  const itemsOf = (level: typeof a, text: string): readonly string[] => {
    return level.kind === "array" ? level.elements : [text];
  };
  return printArray([...itemsOf(a, left), ...itemsOf(b, right)]);
}

/** Without the keys of an object, or the strings of an array, that are among `names`. */
function withoutNames(text: string, names: ReadonlySet<string>): string {
  const level = levelOf(text);
  switch (level.kind) {
    case "scalar":
      throw invalid("cannot delete from scalar");
    case "object":
      return printObject([...level.members].filter(([key]) => !names.has(key)));
    case "array":
      return printArray(level.elements.filter((element) => !isString(element) || !names.has(unquote(element))));
  }
}

function withoutIndex(text: string, index: number): string {
  const level = levelOf(text);
  if (level.kind === "scalar") throw invalid("cannot delete from scalar");
  if (level.kind === "object") throw invalid("cannot delete from object using integer index");
  const at = index < 0 ? level.elements.length + index : index;
  return printArray(level.elements.filter((_, position) => position !== at));
}

type Change = "create" | "replace" | "insert-before" | "insert-after" | "delete";

interface PathChange {
  readonly path: readonly (string | null)[];
  readonly change: Change;
  readonly value: string;
}

const INTEGER = /^[ \t\n\v\f\r]*[+-]?\d+$/;

/** An array's subscript in a path; undefined for what is no integer. */
export function subscriptOf(text: string): number | undefined {
  if (!INTEGER.test(text)) return undefined;
  const index = Number(text);
  return index >= -0x8000_0000 && index <= 0x7fff_ffff ? index : undefined;
}

function changeAt(text: string, level: number, change: PathChange): string {
  const name = change.path[level];
  if (name === undefined) return text;
  if (name === null) {
    throw new EvaluationError(EvaluationState.nullValueNotAllowed, `path element at position ${level + 1} is null`);
  }
  const part = levelOf(text);
  if (part.kind === "scalar") return text;
  return part.kind === "object"
    ? changeObject(part.members, name, level, change)
    : changeArray(part.elements, name, level, change);
}

function changeObject(members: ReadonlyMap<string, string>, name: string, level: number, change: PathChange): string {
  const changed = new Map(members);
  const found = members.get(name);
  const isLast = level === change.path.length - 1;
  if (!isLast) {
    if (found !== undefined) changed.set(name, changeAt(found, level + 1, change));
  } else if (change.change === "delete") {
    changed.delete(name);
  } else if (found === undefined) {
    if (change.change !== "replace") changed.set(name, change.value);
  } else {
    if (change.change === "insert-before" || change.change === "insert-after") {
      throw invalid("cannot replace existing key");
    }
    changed.set(name, change.value);
  }
  return printObject(changed);
}

function changeArray(elements: readonly string[], name: string, level: number, change: PathChange): string {
  const index = subscriptOf(name);
  if (index === undefined) {
    throw new EvaluationError(
      EvaluationState.invalidTextRepresentation,
      `path element at position ${level + 1} is not an integer: "${name}"`,
    );
  }
  const isLast = level === change.path.length - 1;
  const adds = change.change !== "replace" && change.change !== "delete";
  const at = index < 0 ? elements.length + index : index;
  const target = elements[at];
  if (at < 0 || target === undefined) {
    if (!isLast || !adds) return printArray(elements);
    return printArray(at < 0 ? [change.value, ...elements] : [...elements, change.value]);
  }
  const changed = isLast ? replacement(target, change) : [changeAt(target, level + 1, change)];
  return printArray([...elements.slice(0, at), ...changed, ...elements.slice(at + 1)]);
}

/** What stands in the place of an element. */
function replacement(element: string, { change, value }: PathChange): readonly string[] {
  switch (change) {
    case "create":
    case "replace":
      return [value];
    case "insert-before":
      return [value, element];
    case "insert-after":
      return [element, value];
    case "delete":
      return [];
  }
}

function isScalar(text: string): boolean {
  return levelOf(text).kind === "scalar";
}

function set(text: string, path: Buffer, value: string, change: Change): string {
  const names = textElements(path);
  if (isScalar(text)) throw invalid("cannot set path in scalar");
  return changeAt(text, 0, { path: names, change, value });
}

function deletePath(text: string, path: Buffer): string {
  const names = textElements(path);
  if (isScalar(text)) throw invalid("cannot delete path in scalar");
  return isEmpty(text) ? text : changeAt(text, 0, { path: names, change: "delete", value: "" });
}

function isEmpty(text: string): boolean {
  return text === "{}" || text === "[]";
}

/** Without the members that are null, at every depth; with `inArrays` also without such elements. */
function withoutNulls(text: string, inArrays: boolean): string {
  const level = levelOf(text);
  switch (level.kind) {
    case "scalar":
      return text;
    case "object": {
      const kept = [...level.members].filter(([, value]) => value !== "null");
      return printObject(kept.map(([key, value]) => [key, withoutNulls(value, inArrays)] as const));
    }
    case "array": {
      const kept = inArrays ? level.elements.filter((element) => element !== "null") : level.elements;
      return printArray(kept.map((element) => withoutNulls(element, inArrays)));
    }
  }
}

export const JSON_CHANGES: FunctionTable = {
  jsonb_concat: concatenate,
  jsonb_delete: (text: string, name: string) => withoutNames(text, new Set([name])),
  jsonb_delete_array: (text: string, names: Buffer) => {
    return withoutNames(text, new Set(textElements(names).filter((name) => name !== null)));
  },
  jsonb_delete_idx: withoutIndex,
  jsonb_delete_path: deletePath,
  jsonb_set: (text: string, path: Buffer, value: string, create: boolean) => {
    return isEmpty(text) && !create ? text : set(text, path, value, create ? "create" : "replace");
  },
  jsonb_insert: (text: string, path: Buffer, value: string, after: boolean) => {
    return set(text, path, value, after ? "insert-after" : "insert-before");
  },
  /** The second argument is there from PostgreSQL 18 on. */
  jsonb_strip_nulls: (text: string, ...rest: readonly Value[]) => withoutNulls(text, rest[0] === true),
};
