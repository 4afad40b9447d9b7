import type { PlannedStatement, SelectShape } from "@freshet/sql";
import { type CodecSet, createCodecs } from "@freshet/values";
import type { Cache } from "../caches/cache.ts";
import { ResultForms } from "./answer.ts";
import { BuildStatus } from "./build-status.ts";
import type { CompileRead } from "./compile-read.ts";
import { statementParameterTypes } from "./parameters.ts";
import { ViewRead } from "./view-read.ts";

/** What serving needs of a cache's plan, made once per build. */
export interface CompiledCache {
  /** Engine id of the build that `read` looks into. */
  readonly id: number;
  readonly planned: PlannedStatement;
  readonly codecs: CodecSet;
  readonly read: ViewRead;
  readonly forms: ResultForms;
  readonly status: BuildStatus;
  /** `statementParameterTypes` of a statement that asks the cache; found once for each shape. */
  readonly parameterTypes: (shape: SelectShape) => readonly number[] | undefined;
}

/** Compiled forms by engine id and plan; a rebuild changes both, one after the other. */
export class CompiledCaches {
  readonly #byId = new Map<number, CompiledCache>();
  readonly #compileRead: CompileRead | undefined;
  readonly #listeners: ((id: number) => void)[] = [];

  constructor(compileRead?: CompileRead) {
    this.#compileRead = compileRead;
  }

  get(cache: Cache): CompiledCache | null {
    const { id, planned } = cache;
    if (planned === null) return null;
    const known = this.#byId.get(id);
    if (known?.planned === planned) return known;
    const codecs = createCodecs(planned.plan.types);
    const compiled: CompiledCache = {
      id,
      planned,
      codecs,
      read: new ViewRead(id, planned.plan, codecs, {
        partial: cache.request.maxBytes !== null,
        compileRead: this.#compileRead,
      }),
      forms: new ResultForms(planned.plan.result, codecs),
      status: new BuildStatus(id, () => cache.trustedTo),
      parameterTypes: rememberedTypes(planned, codecs),
    };
    this.#byId.set(id, compiled);
    return compiled;
  }

  forget(cacheId: number): void {
    this.#byId.delete(cacheId);
    for (const listener of this.#listeners) listener(cacheId);
  }

  /** What is kept of a build by its engine id ends with it. */
  onForgotten(listener: (cacheId: number) => void): void {
    this.#listeners.push(listener);
  }
}

function rememberedTypes(planned: PlannedStatement, codecs: CodecSet): CompiledCache["parameterTypes"] {
  const known = new WeakMap<SelectShape, readonly number[] | null>();
  return (shape) => {
    const remembered = known.get(shape);
    if (remembered !== undefined) return remembered ?? undefined;
    const types = statementParameterTypes(planned, shape, codecs);
    known.set(shape, types ?? null);
    return types;
  };
}
