import { FreshetError, must, SqlState } from "@freshet/base";
import type { ColumnType, PgType } from "@freshet/values";
import type { CallExpression, Expression, UpstreamExpression, UpstreamFunction } from "../plan/expression.ts";
import type { FunctionInfo } from "./catalog.ts";
import { pgTypeOf, type TypeInfo } from "./catalog-types.ts";
import type { UpstreamCallPlanning, UpstreamCatalog } from "./upstream-catalog.ts";

/** A call as the tree has it. */
export interface TreeCall {
  readonly info: FunctionInfo | undefined;
  readonly args: readonly Expression[];
  /** The last argument is the array of a VARIADIC parameter. */
  readonly variadic: boolean;
  readonly inputCollation: number;
  readonly type: ColumnType;
}

const DEFAULT_COLLATION = 100;

/**
 * Functions whose results hang on a setting (`timezone_abbreviations`, `quote_all_identifiers`), though PostgreSQL calls them
 * IMMUTABLE.
 */
const OF_SETTINGS: ReadonlySet<string> = new Set([
  "timestamptz_zone",
  "timestamp_zone",
  "timetz_zone",
  "timestamptz_trunc_zone",
  "quote_ident",
]);
/** The output functions of some types hang on settings, too. */
const CSTRING = 2275;

/** Makes calls that the engine has no twin of SQL that PostgreSQL evaluates, where they are IMMUTABLE. */
export class UpstreamCalls {
  readonly #planning: UpstreamCallPlanning;
  readonly #catalog: UpstreamCatalog;
  readonly #types: readonly PgType[];

  constructor(planning: UpstreamCallPlanning, catalog: UpstreamCatalog, types: Iterable<TypeInfo>) {
    this.#planning = planning;
    this.#catalog = catalog;
    this.#types = Array.from(types, pgTypeOf);
  }

  /** What `translate` makes of the call if the engine computes that, else the call as the upstream's. */
  nativeOr(call: TreeCall, translate: () => CallExpression): Expression {
    let native: CallExpression;
    try {
      native = translate();
    } catch (thrown) {
      if (!(thrown instanceof FreshetError) || thrown.code !== SqlState.featureNotSupported) throw thrown;
      return this.#upstream(call) ?? refuse(thrown);
    }
    if (this.#planning.isNative(native, this.#types)) return native;
    // Without this way the engine's own refusal says what is missing.
    return this.#upstream(call) ?? native;
  }

  #upstream(call: TreeCall): UpstreamExpression | undefined {
    const { info, type } = call;
    if (info?.volatility !== "i" || info.returnsSet || info.kind !== "f") return undefined;
    if (OF_SETTINGS.has(info.symbol) || type.typeOid === CSTRING) return undefined;
    const self = this.#catalog.functions.get(info.oid);
    if (self === undefined) return undefined;
    const text = new TextParts(`${self.name}(`);
    const functions = new Map<number, UpstreamFunction>([[self.oid, self]]);
    call.args.forEach((arg, index) => {
      if (index > 0) text.append(", ");
      if (call.variadic && index === call.args.length - 1) text.append("VARIADIC ");
      const inlined = arg.kind === "upstream";
      if (!inlined) text.value(arg);
      else {
        text.splice(arg);
        for (const called of arg.functions) functions.set(called.oid, called);
      }
      if (this.#needsCollation(call, arg, inlined)) {
        text.append(` COLLATE ${must(this.#catalog.collations.get(call.inputCollation), "an unknown collation")}`);
      }
    });
    text.append(")");
    return { kind: "upstream", ...text.done(), functions: [...functions.values()], type };
  }

  /** A value has its type's own collation where nothing else is said; SQL hands on another one of its arguments. */
  #needsCollation({ inputCollation }: TreeCall, arg: Expression, inlined: boolean): boolean {
    if (inputCollation === 0 || arg.type.collation === 0) return false;
    return inlined || inputCollation !== DEFAULT_COLLATION;
  }
}

function refuse(refusal: FreshetError): never {
  throw refusal;
}

/** SQL with values in it. */
class TextParts {
  readonly #parts: string[];
  readonly #args: Expression[] = [];

  constructor(start: string) {
    this.#parts = [start];
  }

  append(text: string): void {
    this.#parts.push(must(this.#parts.pop()) + text);
  }

  value(arg: Expression): void {
    this.#args.push(arg);
    this.#parts.push("");
  }

  splice({ parts, args }: UpstreamExpression): void {
    const [first, ...others] = parts;
    this.append(must(first));
    this.#parts.push(...others);
    this.#args.push(...args);
  }

  done(): { readonly parts: readonly string[]; readonly args: readonly Expression[] } {
    return { parts: this.#parts, args: this.#args };
  }
}
