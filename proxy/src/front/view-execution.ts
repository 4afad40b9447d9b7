import type { Logger } from "@freshet/base";
import type { TextSettings } from "@freshet/values";
import type { Cache } from "../caches/cache.ts";
import type { Keep, Miss } from "../session/front-ports.ts";
import type { CompiledCache } from "./compiled-caches.ts";
import type { KeyFills } from "./key-fills.ts";
import { missOf } from "./misses.ts";
import type { ParameterValues } from "./parameters.ts";
import type { ViewRows } from "./view-read.ts";
import type { ZoneTables } from "./zone-tables.ts";

/** A statement whose values fit a view. */
export interface ViewExecution {
  readonly cache: Cache;
  readonly compiled: CompiledCache;
  readonly settings: TextSettings;
  readonly values: ParameterValues;
  readonly formats: readonly number[];
  readonly keep: Keep | null;
}

interface ViewMissParts {
  readonly fills: Pick<KeyFills, "want">;
  readonly zones: Pick<ZoneTables, "want">;
  readonly logger: Logger;
}

/** What is to be done where a view cannot answer, so that the next time it can. */
export class ViewMisses {
  readonly #parts: ViewMissParts;

  constructor(parts: ViewMissParts) {
    this.#parts = parts;
  }

  /** The view's rows could not be read. */
  unread({ cache, compiled }: ViewExecution, view: Exclude<ViewRows, { kind: "rows" }>): Miss {
    if (view.kind === "refused") return missOf(cache, view.reason, view.detail);
    const isPossible = this.#parts.fills.want(compiled.id, view.keys);
    return missOf(cache, isPossible ? "not_filled" : "result_too_large", null);
  }

  /** They could, but a value's text form cannot be given exactly. */
  inexact({ cache, settings }: ViewExecution): Miss {
    this.wantZone(settings.timeZone);
    return missOf(cache, "setting", "the text form depends on TimeZone, DateStyle or another setting");
  }

  /** A next answer may need the offsets of the session's time zone; without them it misses, as this one does. */
  wantZone(timeZone: string): void {
    this.#parts.zones.want(timeZone).catch((thrown: unknown) => {
      this.#parts.logger.warn({ error: thrown, timeZone }, "the offsets of a time zone could not be read");
    });
  }
}
