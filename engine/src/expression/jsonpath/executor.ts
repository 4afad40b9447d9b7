import type { Decimal } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { memberOf } from "../functions/json-text.ts";
import { negateDecimal } from "../numeric/arithmetic.ts";
import { decimalToInt4, integerToDecimal } from "../numeric/conversion.ts";
import { truncateDecimal } from "../numeric/rounding.ts";
import { ARITHMETIC, number, numberOf } from "./arithmetic.ts";
import type { Truth } from "./comparison.ts";
import { isObjectItem, itemOf, type JsonItem, membersOfItem, partsOf, typeNameOf } from "./json-item.ts";
import { applyMethod, toDecimal } from "./methods.ts";
import { isPredicate, type PairTest, somePair, testOf } from "./predicates.ts";
import { PathError, pathError, PathState } from "./path-error.ts";
import type { JsonPath, PathItem, PathStep, Subscript } from "./syntax.ts";

type Found = JsonItem[] | null;
/** Whether a step has given something; "error": it failed, and errors are suppressed. */
export type Outcome = "ok" | "nothing" | "error";

type StepOf<Kind extends PathStep["kind"]> = PathStep & { readonly kind: Kind };

interface Levels {
  readonly level: number;
  readonly first: number;
  readonly last: number;
}

const DIRECTLY_BELOW: Levels = { level: 1, first: 1, last: 1 };

function sizeOf(item: JsonItem): number {
  return [...partsOf(item)].length;
}

/**
 * Evaluates a path on a document. `found` collects the items, in order, also those before an error that is suppressed; without it, evaluation stops
 * at the first item.
 */
export class PathExecutor {
  readonly #path: JsonPath;
  readonly #root: JsonItem;
  readonly #variables: string;
  #throwErrors: boolean;
  #ignoreStructuralErrors: boolean;
  #current: JsonItem;
  #innermostSize = -1;

  /** `variables`: the text of a JSON object. */
  constructor(path: JsonPath, document: string, variables: string, throwErrors: boolean) {
    this.#path = path;
    this.#root = itemOf(document);
    this.#current = this.#root;
    this.#variables = variables;
    this.#throwErrors = throwErrors;
    this.#ignoreStructuralErrors = path.isLax;
  }

  /** All items that the path gives. */
  query(): readonly JsonItem[] {
    const found: JsonItem[] = [];
    this.#item(this.#path.root, this.#root, found);
    return found;
  }

  exists(): Outcome {
    const { isLax, root } = this.#path;
    // In strict mode only the whole list shows that there are no errors.
    const found: Found = isLax ? null : [];
    const outcome = this.#item(root, this.#root, found);
    return outcome === "error" || found === null ? outcome : found.length > 0 ? "ok" : "nothing";
  }

  #fail(make: () => PathError): "error" {
    if (this.#throwErrors) throw make();
    return "error";
  }

  #item(path: PathItem, item: JsonItem, found: Found): Outcome {
    return this.#unwrapping(path, item, found, this.#path.isLax);
  }

  /** Applies what follows `path` to an item that it has given. */
  #next(path: PathItem, item: JsonItem, found: Found): Outcome {
    return this.#follow(path.next, item, found);
  }

  #follow(next: PathItem | null, item: JsonItem, found: Found): Outcome {
    if (next !== null) return this.#item(next, item, found);
    found?.push(item);
    return "ok";
  }

  /** One step; `unwrap`: an array stands for its elements where the step is not made for arrays. */
  #unwrapping(path: PathItem, item: JsonItem, found: Found, unwrap: boolean): Outcome {
    const { step, next } = path;
    if (isPredicate(step)) return this.#truthResult(path, item, found);
    switch (step.kind) {
      case "literal":
        return next === null && found === null ? "ok" : this.#next(path, step.item, found);
      case "variable":
        return this.#next(path, this.#variable(step.name), found);
      case "root":
        return this.#next(path, this.#root, found);
      case "current":
        return this.#next(path, this.#current, found);
      case "last":
        return this.#next(path, number(integerToDecimal(this.#innermostSize - 1)), found);
      case "arithmetic":
        return this.#arithmetic(path, step, item, found);
      case "sign":
        return this.#sign(path, step, item, found);
      case "any-array":
        return this.#anyArray(path, item, found);
      case "subscripts":
        return this.#subscripts(path, step.subscripts, item, found);
      case "any-level":
        return this.#anyLevel(path, step, item, found);
      case "method":
        if (step.name === "type") return this.#next(path, { kind: "string", value: typeNameOf(item) }, found);
        if (step.name === "size") return this.#size(path, item, found);
        return this.#ofEach(path, item, found, unwrap);
      default:
        return this.#ofEach(path, item, found, unwrap);
    }
  }

  /** The steps that in lax mode are applied to the elements of an array. */
  #ofEach(path: PathItem, item: JsonItem, found: Found, unwrap: boolean): Outcome {
    const { step } = path;
    if (unwrap && item.kind === "array") return this.#below(path, item, found, DIRECTLY_BELOW, false, false);
    switch (step.kind) {
      case "key":
        return this.#key(path, step.name, item, found);
      case "any-key":
        if (isObjectItem(item)) {
          return this.#below(path.next, item, found, DIRECTLY_BELOW, false, this.#path.isLax);
        }
        return this.#structural("objectNotFound", "jsonpath wildcard member accessor can only be applied to an object");
      case "filter":
        return this.#nestedTruth(step.arg, item) === true ? this.#next(path, item, found) : "nothing";
      case "decimal":
        return this.#converted(path, () => toDecimal(item, step.precision, step.scale), found);
      case "method": {
        const { name } = step;
        if (name === "keyvalue") return this.#keyValue(path, item, found);
        if (name === "type" || name === "size") return "nothing";
        return this.#converted(path, () => applyMethod(name, item), found);
      }
      default:
        return "nothing";
    }
  }

  #converted(path: PathItem, convert: () => JsonItem, found: Found): Outcome {
    let result: JsonItem;
    try {
      result = convert();
    } catch (error) {
      if (error instanceof PathError && !this.#throwErrors) return "error";
      throw error;
    }
    return this.#next(path, result, found);
  }

  /** A document of another structure than the path asks for. */
  #structural(code: keyof typeof PathState, message: string): Outcome {
    return this.#ignoreStructuralErrors ? "nothing" : this.#fail(() => pathError(code, message));
  }

  #variable(name: string): JsonItem {
    const text = memberOf(this.#variables, name);
    if (text === undefined)
      throw new EvaluationError(PathState.undefinedObject, `could not find jsonpath variable "${name}"`);
    return itemOf(text);
  }

  #key(path: PathItem, name: string, item: JsonItem, found: Found): Outcome {
    if (!isObjectItem(item))
      return this.#structural("memberNotFound", "jsonpath member accessor can only be applied to an object");
    for (const [key, value] of membersOfItem(item)) if (key === name) return this.#next(path, value, found);
    return this.#structural("memberNotFound", `JSON object does not contain key "${name}"`);
  }

  #size(path: PathItem, item: JsonItem, found: Found): Outcome {
    if (item.kind !== "array" && !this.#path.isLax)
      return this.#structural("arrayNotFound", "jsonpath item method .size() can only be applied to an array");
    const size = item.kind === "array" ? sizeOf(item) : 1;
    return this.#next(path, number(integerToDecimal(size)), found);
  }

  #anyArray(path: PathItem, item: JsonItem, found: Found): Outcome {
    if (item.kind === "array") return this.#below(path.next, item, found, DIRECTLY_BELOW, false, this.#path.isLax);
    if (this.#path.isLax) return this.#next(path, item, found);
    return this.#structural("arrayNotFound", "jsonpath wildcard array accessor can only be applied to an array");
  }

  #subscripts(path: PathItem, subscripts: readonly Subscript[], item: JsonItem, found: Found): Outcome {
    if (item.kind !== "array" && !this.#path.isLax)
      return this.#structural("arrayNotFound", "jsonpath array accessor can only be applied to an array");
    const elements = item.kind === "array" ? [...partsOf(item)] : [item];
    const around = this.#innermostSize;
    this.#innermostSize = elements.length;
    let outcome: Outcome = "nothing";
    for (const { from, to } of subscripts) {
      const first = this.#index(from, item);
      if (first === "error") {
        outcome = "error";
        break;
      }
      const last = to === null ? first : this.#index(to, item);
      if (last === "error") {
        outcome = "error";
        break;
      }
      if (!this.#ignoreStructuralErrors && (first < 0 || first > last || last >= elements.length)) {
        // As in PostgreSQL, LAST then keeps the meaning that it has here.
        return this.#fail(() => pathError("invalidSubscript", "jsonpath array subscript is out of bounds"));
      }
      outcome = this.#elements(path, elements.slice(Math.max(first, 0), Math.max(last + 1, 0)), found);
      if (outcome === "error" || (outcome === "ok" && found === null)) break;
    }
    this.#innermostSize = around;
    return outcome;
  }

  #elements(path: PathItem, elements: readonly JsonItem[], found: Found): Outcome {
    let outcome: Outcome = "nothing";
    for (const element of elements) {
      outcome = this.#next(path, element, found);
      if (outcome === "error" || (outcome === "ok" && found === null)) break;
    }
    return outcome;
  }

  /** The number that a subscript stands for. */
  #index(path: PathItem, item: JsonItem): number | "error" {
    const found: JsonItem[] = [];
    if (this.#item(path, item, found) === "error") return "error";
    const value = found.length === 1 ? numberOf(found[0]) : undefined;
    if (value === undefined)
      return this.#fail(() => pathError("invalidSubscript", "jsonpath array subscript is not a single numeric value"));
    try {
      return decimalToInt4(truncateDecimal(value, 0));
    } catch (error) {
      if (!(error instanceof EvaluationError) || error.declined) throw error;
      return this.#fail(() => pathError("invalidSubscript", "jsonpath array subscript is out of integer range"));
    }
  }

  #anyLevel(path: PathItem, step: StepOf<"any-level">, item: JsonItem, found: Found): Outcome {
    let outcome: Outcome = "nothing";
    if (step.first === 0) {
      outcome = this.#ignoringStructure(() => this.#next(path, item, found));
      if (outcome === "ok" && found === null) return outcome;
    }
    if (item.kind !== "array" && !isObjectItem(item)) return outcome;
    return this.#below(path.next, item, found, { ...step, level: 1 }, true, this.#path.isLax);
  }

  #ignoringStructure(evaluate: () => Outcome): Outcome {
    const before = this.#ignoreStructuralErrors;
    this.#ignoreStructuralErrors = true;
    const outcome = evaluate();
    this.#ignoreStructuralErrors = before;
    return outcome;
  }

  /** Applies a path to what lies below an item, on some levels. */
  #below(
    path: PathItem | null,
    item: JsonItem,
    found: Found,
    levels: Levels,
    ignoreStructure: boolean,
    unwrapNext: boolean,
  ): Outcome {
    const { level, first, last } = levels;
    let outcome: Outcome = "nothing";
    if (level > last) return outcome;
    for (const part of partsOf(item)) {
      const isContainer = part.kind === "array" || isObjectItem(part);
      if (level >= first || (first === Infinity && last === Infinity && !isContainer)) {
        const apply = (): Outcome => this.#apply(path, part, found, unwrapNext);
        outcome = ignoreStructure ? this.#ignoringStructure(apply) : apply();
        if (outcome === "error" || (outcome === "ok" && found === null)) return outcome;
      }
      if (level < last && isContainer) {
        outcome = this.#below(path, part, found, { level: level + 1, first, last }, ignoreStructure, unwrapNext);
        if (outcome === "error" || (outcome === "ok" && found === null)) return outcome;
      }
    }
    return outcome;
  }

  #apply(path: PathItem | null, item: JsonItem, found: Found, unwrap: boolean): Outcome {
    return path === null ? this.#follow(null, item, found) : this.#unwrapping(path, item, found, unwrap);
  }

  #keyValue(path: PathItem, item: JsonItem, found: Found): Outcome {
    if (!isObjectItem(item))
      return this.#fail(() =>
        pathError("objectNotFound", "jsonpath item method .keyvalue() can only be applied to an object"),
      );
    let outcome: Outcome = "nothing";
    // Elsewhere the id is where the server has put the object within its document.
    const id: JsonItem = item === this.#root ? number(integerToDecimal(0)) : { kind: "unknown" };
    for (const [key, value] of membersOfItem(item)) {
      outcome = this.#next(path, { kind: "pair", key, value, id }, found);
      if (outcome === "error" || (outcome === "ok" && found === null)) break;
    }
    return outcome;
  }

  /** The items that a path gives; in lax mode with arrays taken apart, if `unwrap`. Undefined after an error. */
  #sequence(path: PathItem, item: JsonItem, unwrap: boolean): JsonItem[] | undefined {
    const found: JsonItem[] = [];
    if (this.#item(path, item, found) === "error") return undefined;
    if (!unwrap || !this.#path.isLax) return found;
    return found.flatMap((part) => (part.kind === "array" ? [...partsOf(part)] : [part]));
  }

  #suppressing<T>(evaluate: () => T): T {
    const before = this.#throwErrors;
    this.#throwErrors = false;
    const result = evaluate();
    this.#throwErrors = before;
    return result;
  }

  #arithmetic(path: PathItem, step: StepOf<"arithmetic">, item: JsonItem, found: Found): Outcome {
    const left = this.#sequence(step.left, item, true);
    if (left === undefined) return "error";
    const right = this.#sequence(step.right, item, true);
    if (right === undefined) return "error";
    const operands = [left, right].map((items) => (items.length === 1 ? numberOf(items[0]) : undefined));
    const [a, b] = operands;
    if (a === undefined || b === undefined)
      return this.#fail(() =>
        pathError("singletonRequired", `operand of jsonpath operator ${step.operator} is not a single numeric value`),
      );
    let result: Decimal;
    try {
      result = ARITHMETIC[step.operator](a, b);
    } catch (error) {
      if (!(error instanceof EvaluationError) || error.declined || this.#throwErrors) throw error;
      return "error";
    }
    return this.#next(path, number(result), found);
  }

  #sign(path: PathItem, step: StepOf<"sign">, item: JsonItem, found: Found): Outcome {
    const operands = this.#sequence(step.arg, item, true);
    if (operands === undefined) return "error";
    const endsHere = found === null && path.next === null;
    let outcome: Outcome = "nothing";
    for (const operand of operands) {
      const value = numberOf(operand);
      if (value === undefined) {
        if (endsHere) continue;
        return this.#fail(() =>
          pathError("numberNotFound", `operand of unary jsonpath operator ${step.operator} is not a numeric value`),
        );
      }
      const result = this.#next(path, number(step.operator === "-" ? negateDecimal(value) : value), found);
      if (result === "error") return result;
      if (result === "ok") {
        if (found === null) return result;
        outcome = result;
      }
    }
    return outcome;
  }

  #truthResult(path: PathItem, item: JsonItem, found: Found): Outcome {
    const truth = this.#truth(path.step, item);
    if (path.next === null && found === null) return "ok";
    return this.#next(path, truth === null ? { kind: "null" } : { kind: "boolean", value: truth }, found);
  }

  #nestedTruth(path: PathItem, item: JsonItem): Truth {
    const around = this.#current;
    this.#current = item;
    const truth = this.#truth(path.step, item);
    this.#current = around;
    return truth;
  }

  #truth(step: PathStep, item: JsonItem): Truth {
    switch (step.kind) {
      case "and":
      case "or": {
        const deciding = step.kind === "or";
        const left = this.#truth(step.left.step, item);
        if (left === deciding) return deciding;
        const right = this.#truth(step.right.step, item);
        return right === !deciding ? left : right;
      }
      case "not": {
        const truth = this.#truth(step.arg.step, item);
        return truth === null ? null : !truth;
      }
      case "is-unknown":
        return this.#truth(step.arg.step, item) === null;
      case "comparison":
        return this.#predicate(step.left, step.right, item, true, testOf(step));
      case "starts-with":
        return this.#predicate(step.left, step.right, item, false, testOf(step));
      case "like-regex":
        return this.#predicate(step.arg, null, item, false, testOf(step));
      case "exists":
        return this.#someExist(step.arg, item);
      default:
        throw declined("a jsonpath of this form");
    }
  }

  #someExist(path: PathItem, item: JsonItem): Truth {
    return this.#suppressing(() => {
      const found: Found = this.#path.isLax ? null : [];
      const outcome = this.#item(path, item, found);
      if (outcome === "error") return null;
      return found === null ? outcome === "ok" : found.length > 0;
    });
  }

  #predicate(left: PathItem, right: PathItem | null, item: JsonItem, unwrapRight: boolean, test: PairTest): Truth {
    const lefts = this.#suppressing(() => this.#sequence(left, item, true));
    if (lefts === undefined) return null;
    const rights = right === null ? [null] : this.#suppressing(() => this.#sequence(right, item, unwrapRight));
    return rights === undefined ? null : somePair(lefts, rights, test, this.#path.isLax);
  }
}

/** Refuses variables that are no object, as PostgreSQL does before it looks at the path. */
export function checkVariables(variables: string): void {
  if (!variables.startsWith("{"))
    throw new EvaluationError(EvaluationState.invalidParameterValue, '"vars" argument is not an object');
}
