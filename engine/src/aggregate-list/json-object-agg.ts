import type { Codec, CodecSet } from "@freshet/values";
import { EvaluationError } from "../expression/evaluation-error.ts";
import type { Collector, ListAggregate } from "./collector.ts";
import { jsonKeyWriter, jsonString, type JsonWriter, jsonWriter } from "./json-value.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";

const NULL_KEY = "22004";
const NULL_FIELD_NAME = "22023";
const DUPLICATE_KEY = "22030";

/** How NULLs and keys that repeat are treated. */
export interface ObjectRules {
  /** Pairs whose value is NULL are left out. */
  readonly strict: boolean;
  /** Keys that repeat are an error. */
  readonly unique: boolean;
}

interface PairWriters {
  readonly key: JsonWriter;
  readonly value: JsonWriter;
}

/** The pairs of an object, with the checks that json and jsonb share. */
abstract class PairCollector implements Collector {
  readonly #writers: PairWriters;
  protected readonly rules: ObjectRules;
  readonly #nullKey: string;
  readonly #keys = new Set<string>();
  #started = false;
  /** Whether a key that must be unique has come twice: an error of the whole object. */
  #repeated = false;

  constructor(writers: PairWriters, rules: ObjectRules, nullKey: string) {
    this.#writers = writers;
    this.rules = rules;
    this.#nullKey = nullKey;
  }

  add([key = null, value = null]: readonly (Buffer | null)[]): void {
    this.#started = true;
    if (key === null) throw new EvaluationError(this.#nullKey, "null value not allowed for object key");
    const name = this.#writers.key(key);
    if (this.rules.unique && this.#keys.has(name)) this.#repeated = true;
    if (this.rules.unique) this.#keys.add(name);
    if (value === null && this.rules.strict) return;
    this.pair(name, value === null ? "null" : this.#writers.value(value));
  }

  result(): Buffer | null {
    if (this.#repeated) throw new EvaluationError(DUPLICATE_KEY, "duplicate JSON object key value");
    return this.#started ? this.object() : null;
  }

  protected abstract pair(name: string, value: string): void;
  protected abstract object(): Buffer;
}

/** json keeps every pair, also those whose keys repeat. */
class JsonObjectCollector extends PairCollector {
  readonly #pairs: string[] = [];

  protected pair(name: string, value: string): void {
    this.#pairs.push(`${jsonString(name)} : ${value}`);
  }

  protected object(): Buffer {
    return Buffer.from(`{ ${this.#pairs.join(", ")} }`, "utf8");
  }
}

/** jsonb keeps the last pair of each key, in its own order of keys. */
class JsonbObjectCollector extends PairCollector {
  readonly #pairs = new Map<string, string>();

  protected pair(name: string, value: string): void {
    // PostgreSQL leaves out JSON's null as well.
    if (this.rules.strict && value === "null") return;
    this.#pairs.set(name, value);
  }

  protected object(): Buffer {
    const sorted = [...this.#pairs].map(([name, value]) => ({ name, value, bytes: Buffer.from(name, "utf8") }));
    sorted.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
    return jsonbBytes(`{${sorted.map(({ name, value }) => `${jsonString(name)}: ${value}`).join(", ")}}`);
  }
}

/** json_object_agg(key, value). */
export function jsonObjectAgg(key: Codec, value: Codec, rules: ObjectRules, codecs: CodecSet): ListAggregate {
  const writers = { key: jsonKeyWriter(key), value: jsonWriter(value, "json", codecs) };
  return { ignores: () => false, collect: () => new JsonObjectCollector(writers, rules, NULL_KEY) };
}

/** jsonb_object_agg(key, value). */
export function jsonbObjectAgg(key: Codec, value: Codec, rules: ObjectRules, codecs: CodecSet): ListAggregate {
  const writers = { key: jsonKeyWriter(key), value: jsonWriter(value, "jsonb", codecs) };
  return { ignores: () => false, collect: () => new JsonbObjectCollector(writers, rules, NULL_FIELD_NAME) };
}
