import { must } from "@freshet/base";
import { parseDecimal } from "@freshet/values";
import { declined } from "../evaluation-error.ts";
import { negateDecimal } from "../numeric/arithmetic.ts";
import { Regex } from "../regex/regex.ts";
import { TokenReader, tokensOf } from "./lexer.ts";
import type {
  ArithmeticOperator,
  ComparisonOperator,
  JsonPath,
  PathItem,
  PathPattern,
  PathStep,
  PlainMethod,
  Subscript,
} from "./syntax.ts";

/** Operators by how tightly they bind, the loosest first. */
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", ">", "<=", ">=", "starts", "like_regex"],
  ["+", "-"],
  ["*", "/", "%"],
];

const PLAIN_METHODS: ReadonlySet<string> = new Set<PlainMethod>([
  "type",
  "size",
  "abs",
  "floor",
  "ceiling",
  "double",
  "keyvalue",
  "bigint",
  "boolean",
  "integer",
  "number",
  "string",
  "datetime",
  "date",
  "time",
  "timestamp",
]);

function isPlainMethod(name: string): name is PlainMethod {
  return PLAIN_METHODS.has(name);
}

/** A path whose steps are applied one to what the other gives. */
function chain([first, ...rest]: readonly PathStep[]): PathItem {
  return { step: must(first), next: rest.length === 0 ? null : chain(rest) };
}

function stepsOf(item: PathItem): readonly PathStep[] {
  return item.next === null ? [item.step] : [item.step, ...stepsOf(item.next)];
}

function alone(step: PathStep): PathItem {
  return { step, next: null };
}

/** Parses a path in the spelling in which PostgreSQL prints it. */
class Parser {
  readonly #tokens: TokenReader;

  constructor(text: string) {
    this.#tokens = new TokenReader(tokensOf(text));
  }

  parse(): JsonPath {
    const isLax = !this.#tokens.accept("strict");
    if (isLax) this.#tokens.accept("lax");
    const root = this.#operation(0);
    if (!this.#tokens.atEnd) throw declined("a jsonpath of this form");
    return { isLax, root };
  }

  /** Operators of this level and tighter ones. */
  #operation(level: number): PathItem {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#operation(level + 1);
    for (;;) {
      const operator = this.#tokens.peek();
      if (operator === undefined || !operators.includes(operator)) return left;
      this.#tokens.expect(operator);
      left = alone(this.#binary(operator, left, level));
    }
  }

  #binary(operator: string, left: PathItem, level: number): PathStep {
    switch (operator) {
      case "||":
      case "&&":
        return { kind: operator === "||" ? "or" : "and", left, right: this.#operation(level + 1) };
      case "starts":
        this.#tokens.expect("with");
        return { kind: "starts-with", left, right: this.#operation(level + 1) };
      case "like_regex":
        return { kind: "like-regex", arg: left, pattern: this.#pattern() };
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
        return {
          kind: "arithmetic",
          operator: operator satisfies ArithmeticOperator,
          left,
          right: this.#operation(level + 1),
        };
      default:
        return {
          kind: "comparison",
          operator: operator as ComparisonOperator,
          left,
          right: this.#operation(level + 1),
        };
    }
  }

  #pattern(): PathPattern {
    const text = this.#tokens.take("string");
    const flags = this.#tokens.accept("flag") ? this.#tokens.take("string") : "";
    const ignoreCase = flags.includes("i");
    if (flags.includes("x") || (flags.includes("q") && ignoreCase)) throw declined(`like_regex with flag "${flags}"`);
    if (flags.includes("q")) return { text };
    return {
      regex: new Regex(text, { ignoreCase, newlineStops: !flags.includes("s"), newlineAnchors: flags.includes("m") }),
    };
  }

  #unary(): PathItem {
    for (const operator of ["+", "-"] as const) {
      if (!this.#tokens.accept(operator)) continue;
      const arg = this.#unary();
      if (arg.next === null && arg.step.kind === "literal" && arg.step.item.kind === "number") {
        const { value } = arg.step.item;
        const item = { kind: "number", value: operator === "-" ? negateDecimal(value) : value } as const;
        return alone({ kind: "literal", item });
      }
      return alone({ kind: "sign", operator, arg });
    }
    return this.#accessed();
  }

  /** A primary with its accessors. */
  #accessed(): PathItem {
    const steps = [...this.#primary()];
    for (;;) {
      const accessor = this.#accessor();
      if (accessor === undefined) return chain(steps);
      steps.push(accessor);
    }
  }

  #primary(): readonly PathStep[] {
    const tokens = this.#tokens;
    if (tokens.accept("$")) return [{ kind: "root" }];
    if (tokens.accept("@")) return [{ kind: "current" }];
    if (tokens.accept("last")) return [{ kind: "last" }];
    if (tokens.accept("null")) return [{ kind: "literal", item: { kind: "null" } }];
    for (const word of ["true", "false"])
      if (tokens.accept(word)) return [{ kind: "literal", item: { kind: "boolean", value: word === "true" } }];
    if (tokens.accept("!")) return [{ kind: "not", arg: this.#inParentheses() }];
    if (tokens.accept("exists")) return [{ kind: "exists", arg: this.#inParentheses() }];
    if (tokens.isNext("(")) {
      const inner = this.#inParentheses();
      if (!tokens.accept("is")) return stepsOf(inner);
      tokens.expect("unknown");
      return [{ kind: "is-unknown", arg: inner }];
    }
    return [this.#scalar()];
  }

  #scalar(): PathStep {
    const variable = this.#tokens.acceptKind("variable");
    if (variable !== undefined) return { kind: "variable", name: variable };
    const string = this.#tokens.acceptKind("string");
    if (string !== undefined) return { kind: "literal", item: { kind: "string", value: string } };
    const value = parseDecimal(this.#tokens.take("number"));
    return { kind: "literal", item: { kind: "number", value: must(value, "a number of a jsonpath") } };
  }

  #inParentheses(): PathItem {
    this.#tokens.expect("(");
    const item = this.#operation(0);
    this.#tokens.expect(")");
    return item;
  }

  #accessor(): PathStep | undefined {
    const tokens = this.#tokens;
    if (tokens.isNext("?")) {
      tokens.expect("?");
      return { kind: "filter", arg: this.#inParentheses() };
    }
    if (tokens.accept("[")) return this.#subscripts();
    if (!tokens.accept(".")) return undefined;
    if (tokens.accept("*")) return { kind: "any-key" };
    if (tokens.accept("**")) return this.#levels();
    const name = tokens.acceptKind("string");
    return name === undefined ? this.#method() : { kind: "key", name };
  }

  #subscripts(): PathStep {
    if (this.#tokens.accept("*")) {
      this.#tokens.expect("]");
      return { kind: "any-array" };
    }
    const subscripts: Subscript[] = [];
    do {
      const from = this.#operation(0);
      subscripts.push({ from, to: this.#tokens.accept("to") ? this.#operation(0) : null });
    } while (this.#tokens.accept(","));
    this.#tokens.expect("]");
    return { kind: "subscripts", subscripts };
  }

  #levels(): PathStep {
    if (!this.#tokens.accept("{")) return { kind: "any-level", first: 0, last: Infinity };
    const level = (): number => (this.#tokens.accept("last") ? Infinity : Number(this.#tokens.take("number")));
    const first = level();
    const last = this.#tokens.accept("to") ? level() : first;
    this.#tokens.expect("}");
    return { kind: "any-level", first, last };
  }

  #method(): PathStep {
    const name = this.#tokens.take("word");
    this.#tokens.expect("(");
    if (name === "decimal") return this.#decimal();
    if (!isPlainMethod(name) || !this.#tokens.accept(")")) throw declined(`.${name}() of this form`);
    return { kind: "method", name };
  }

  #decimal(): PathStep {
    const number = (): number => {
      const isNegative = this.#tokens.accept("-");
      return Number(this.#tokens.take("number")) * (isNegative ? -1 : 1);
    };
    if (this.#tokens.accept(")")) return { kind: "decimal", precision: null, scale: 0 };
    const precision = number();
    const scale = this.#tokens.accept(",") ? number() : 0;
    this.#tokens.expect(")");
    return { kind: "decimal", precision, scale };
  }
}

/** Throws a declining EvaluationError for what is not followed here. */
export function parsePath(text: string): JsonPath {
  return new Parser(text).parse();
}
