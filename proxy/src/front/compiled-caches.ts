import type { PlannedStatement } from "@freshet/sql";
import { type CodecSet, createCodecs } from "@freshet/values";
import type { Cache } from "../caches/cache.ts";
import { ViewRead } from "./view-read.ts";

/** What serving needs of a cache's plan, made once per build. */
export interface CompiledCache {
  readonly planned: PlannedStatement;
  readonly codecs: CodecSet;
  readonly read: ViewRead;
}

/** Compiled forms by engine id; a rebuilt cache has a new id, hence a new form. */
export class CompiledCaches {
  readonly #byId = new Map<number, CompiledCache>();

  get(cache: Cache): CompiledCache | null {
    const known = this.#byId.get(cache.id);
    if (known !== undefined) return known;
    const { planned } = cache;
    if (planned === null) return null;
    const codecs = createCodecs(planned.plan.types);
    const compiled: CompiledCache = { planned, codecs, read: new ViewRead(cache.id, planned.plan, codecs) };
    this.#byId.set(cache.id, compiled);
    return compiled;
  }

  forget(cacheId: number): void {
    this.#byId.delete(cacheId);
  }
}
