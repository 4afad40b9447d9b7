import { SeededRandom } from "@freshet/base";
import type {
  AskMode,
  OracleCache,
  OracleBound,
  OracleCase,
  OracleQuery,
  OracleStep,
  ParameterValues,
  QueryParameter,
} from "./oracle-case.ts";
import type { PairCover } from "./pair-cover.ts";
import { knownFeatures } from "./grammar/features.ts";
import { randomQuery } from "./grammar/query.ts";
import { randomSchema } from "./random-schema.ts";
import { inOtherOrder } from "./slot-order.ts";
import { initialRows, randomTransaction } from "./transactions.ts";

export interface CaseSize {
  /** Transactions and restarts. */
  readonly steps: number;
  readonly caches: number;
  readonly writtenBack: number;
  /** Features that queries should mostly have; none: two by chance for every other query, so that in time every pair meets. */
  readonly favoured: readonly string[];
  /** Chooses the queries by the pairs of features that are still to meet. */
  readonly cover?: PairCover;
}

const BOUNDS = 1_000_003;

const defaultSize: CaseSize = { steps: 100, caches: 8, writtenBack: 2, favoured: [] };

/** The case of a seed: schema, caches, transactions and what is asked in between. */
export function randomCase(seed: number, size: Partial<CaseSize> = {}): OracleCase {
  const { steps, caches: cacheCount, writtenBack, favoured, cover } = { ...defaultSize, ...size };
  const random = new SeededRandom(seed);
  const schema = randomSchema(random);
  const rows = initialRows(random, schema);
  // Of its own, so that the cases of known seeds keep their queries.
  const bounds = new SeededRandom(seed + BOUNDS);
  const caches = Array.from({ length: cacheCount }, (_, index): OracleCache => {
    const forTable = index < writtenBack;
    const write = (features: ReadonlySet<string>): OracleQuery => randomQuery(random, schema, { forTable }, features);
    const pair = random.chance(0.5) ? random.shuffle(knownFeatures()).slice(0, 2) : [];
    const query = cover?.choose(random, write) ?? write(new Set(favoured.length > 0 ? favoured : pair));
    const isLiteral = query.parameters.every(({ form }) => form !== "array") && random.chance(0.5);
    return {
      name: `cache_${index + 1}`,
      query,
      literals: isLiteral ? randomValues(random, query.parameters) : null,
      writeTo: forTable ? `public.written_${index + 1}` : null,
      ...randomBound(bounds, forTable, query),
    };
  });
  caches.push(...twins(bounds, caches));
  const done: OracleStep[] = [];
  // Two restarts in some runs: one polite, one not.
  const hasRestarts = random.chance(0.5) && steps >= 10;
  const restarts = new Map<number, OracleStep>();
  if (hasRestarts) {
    restarts.set(random.integer(1, steps >> 1), { kind: "restart" });
    restarts.set(random.integer(steps >> 1, steps), { kind: "kill" });
  }
  for (let step = 0; step < steps; step += 1) {
    const restart = restarts.get(step);
    done.push(restart ?? { kind: "transaction", statements: randomTransaction(random, schema) });
    done.push(...randomChecks(random, caches, restart === undefined ? 3 : caches.length));
  }
  return { title: `seed ${seed}`, seed, schema: [...schema.statements, ...rows], caches, steps: done };
}

/** Of some caches one more, which differs in the order of its values alone. */
function twins(random: SeededRandom, caches: readonly OracleCache[]): OracleCache[] {
  return caches.flatMap((cache) => {
    const query = cache.writeTo === null ? inOtherOrder(cache.query) : undefined;
    return query === undefined || random.chance(0.4) ? [] : [{ ...cache, name: `${cache.name}_twin`, query }];
  });
}

/** Some caches with parameters are bounded: partial, where that is possible, or in mode `invalidate`. */
function randomBound(random: SeededRandom, forTable: boolean, query: OracleQuery): Pick<OracleCache, "maxBytes"> {
  const bound = random.pick<OracleBound>(["1MB", "8kB"]);
  return random.chance(0.3) && !forTable && query.parameters.length > 0 ? { maxBytes: bound } : {};
}

function randomChecks(random: SeededRandom, caches: readonly OracleCache[], checks: number): OracleStep[] {
  return random
    .shuffle(caches)
    .slice(0, checks)
    .flatMap((cache): OracleStep[] => {
      if (cache.writeTo !== null && random.chance(0.6)) return [{ kind: "check write-back", cache: cache.name }];
      const own = cache.literals !== null && random.chance(0.3) ? cache.literals : undefined;
      const values = own ?? randomValues(random, cache.query.parameters);
      return [0, 1].map(() => ({ kind: "check", cache: cache.name, mode: randomMode(random, cache), values }));
    });
}

function randomMode(random: SeededRandom, { query }: OracleCache): AskMode {
  const hasArrays = query.parameters.some(({ form }) => form === "array");
  const simple: AskMode = { protocol: "simple", bound: false, binaryValues: false, resultFormats: [], named: false };
  if (!hasArrays && random.chance(0.3)) return simple;
  const mixed = Array.from({ length: query.columns }, () => random.integer(0, 2));
  return {
    protocol: "extended",
    bound: hasArrays || random.chance(0.75),
    binaryValues: random.chance(0.5),
    resultFormats: random.pick([[], [0], [1], [1], mixed]),
    named: random.chance(0.4),
  };
}

function randomValues(random: SeededRandom, parameters: readonly QueryParameter[]): ParameterValues {
  return parameters.map((parameter) => {
    const value = (): string | null =>
      parameter.form !== "count" && random.chance(0.04) ? null : random.pick(parameter.values);
    const isMany = parameter.form === "list" || parameter.form === "array";
    return Array.from({ length: isMany ? random.integer(1, 5) : 1 }, value);
  });
}
