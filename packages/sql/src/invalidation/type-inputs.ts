import { must } from "@freshet/base";
import type { AnalysisConnection } from "../analysis/analysis-connection.ts";
import type { TextInput } from "./invalidation-plan.ts";

interface TypeFunctions {
  readonly name: string;
  readonly input: string;
  readonly inputImmutable: boolean;
  readonly output: string;
  readonly outputImmutable: boolean;
  /** Of an array its elements' type, of a domain its base type; null of all others. */
  readonly inner: number | null;
  /** Of an enum its labels in order, as JSON. */
  readonly labels: string | null;
}

/** Input functions that read a text as the same value at any time, under the same settings. */
const TIMELESS_INPUTS: ReadonlySet<string> = new Set(["interval_in", "cash_in", "xml_in", "enum_in"]);
/** Those that know words for the current date and time. */
const CLOCK_INPUTS: ReadonlySet<string> = new Set(["date_in", "time_in", "timestamp_in", "timestamptz_in"]);

/** How values of types are read from text and written as text. */
export class TypeInputs {
  readonly #types: ReadonlyMap<number, TypeFunctions>;

  private constructor(types: ReadonlyMap<number, TypeFunctions>) {
    this.#types = types;
  }

  /** Looks up the types and those that they are made of. */
  static async load(connection: AnalysisConnection, oids: Iterable<number>): Promise<TypeInputs> {
    const rows = await connection.query(`
      WITH RECURSIVE wanted (oid) AS (
        SELECT oid FROM pg_catalog.pg_type WHERE oid IN (${["0", ...oids].join(",")})
        UNION
        SELECT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END
        FROM wanted w JOIN pg_catalog.pg_type t ON t.oid = w.oid
        WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc))
      SELECT t.oid, pg_catalog.format_type(t.oid, NULL), i.proname, i.provolatile = 'i', o.proname, o.provolatile = 'i',
        CASE WHEN t.typtype = 'd' THEN t.typbasetype
             WHEN t.typelem <> 0 AND t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc THEN t.typelem END,
        (SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
      FROM wanted w JOIN pg_catalog.pg_type t ON t.oid = w.oid
        JOIN pg_catalog.pg_proc i ON i.oid = t.typinput JOIN pg_catalog.pg_proc o ON o.oid = t.typoutput`);
    return new TypeInputs(new Map(rows.map((row) => [Number(row[0]), typeFunctions(row)])));
  }

  name(oid: number): string {
    return this.#types.get(oid)?.name ?? `type ${oid}`;
  }

  textInput(oid: number): TextInput {
    const type = this.#types.get(oid);
    if (type === undefined) return "none";
    if (type.inner !== null) return this.textInput(type.inner) === "any" ? "any" : "none";
    if (type.inputImmutable || TIMELESS_INPUTS.has(type.input)) return "any";
    return CLOCK_INPUTS.has(type.input) ? "plain" : "none";
  }

  /** The enums among them, whose labels a schema change can rename. */
  get enums(): (readonly [typeOid: number, labels: string])[] {
    const enums = [...this.#types].flatMap(([oid, { labels }]) => (labels === null ? [] : [[oid, labels] as const]));
    return enums.sort(([a], [b]) => a - b);
  }

  /** The output functions that are not IMMUTABLE, of the type and of what it is made of. */
  stableOutputs(oid: number): string[] {
    const type = this.#types.get(oid);
    if (type === undefined) return [];
    const inner = type.inner === null ? [] : this.stableOutputs(type.inner);
    return type.outputImmutable ? inner : [type.output, ...inner];
  }
}

function typeFunctions(row: readonly (string | null)[]): TypeFunctions {
  const [, name, input, inputImmutable, output, outputImmutable, inner, labels] = row;
  return {
    name: must(name),
    input: must(input),
    inputImmutable: inputImmutable === "t",
    output: must(output),
    outputImmutable: outputImmutable === "t",
    inner: inner == null ? null : Number(inner),
    labels: labels ?? null,
  };
}
