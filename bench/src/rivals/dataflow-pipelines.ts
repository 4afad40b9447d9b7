import { type Dim, type Fact, HALF_OF_VALUES, type RivalQuery } from "./workload.ts";

/** Any stream of the two dataflow libraries of one descent; what flows is known to who builds the pipeline. */
export interface Stream {
  pipe(...operators: readonly Operator[]): Stream;
}

export interface Operator {
  (stream: Stream): Stream;
}

type Weighted<T> = readonly (readonly [T, number])[];

/** The operators that both libraries have, by the same names. */
export interface DataflowOperators {
  readonly filter: <T>(predicate: (value: T) => boolean) => Operator;
  readonly map: <T, R>(of: (value: T) => R) => Operator;
  readonly reduce: <T, R>(of: (values: Weighted<T>) => Weighted<R>) => Operator;
  readonly distinct: () => Operator;
  readonly groupBy: <T>(
    key: (value: T) => Readonly<Record<string, number>>,
    aggregates: Readonly<Record<string, object>>,
  ) => Operator;
  readonly groupByOperators: {
    readonly count: () => object;
    readonly sum: <T>(of: (value: T) => number) => object;
  };
}

/** What they say in different ways. Both take the rows of `facts`. */
export interface DataflowDialect {
  /** Pairs of a key and both rows. */
  join(facts: Stream, dims: Stream): Stream;
  /** The first ten by value and id. */
  topTen(facts: Stream): Stream;
}

type Joined = readonly [key: number, rows: readonly [fact: Fact, dim: Dim]];
type Grouped = readonly [key: string, value: { readonly key: number; readonly n: number; readonly total: number }];

/** The query as a stream of lines. */
export function dataflowPipeline(
  query: RivalQuery,
  operators: DataflowOperators,
  dialect: DataflowDialect,
  facts: Stream,
  dims: Stream,
): Stream {
  const { filter, map, reduce, distinct, groupBy, groupByOperators } = operators;
  const joined = (): Stream => dialect.join(facts.pipe(map((fact: Fact) => [fact[3], fact])), dims);
  const aggregate = (key: (joined: Joined) => number, value: (joined: Joined) => number): Stream => {
    const aggregates = { n: groupByOperators.count(), total: groupByOperators.sum(value) };
    const grouped = joined().pipe(groupBy((row: Joined) => ({ key: key(row) }), aggregates));
    return grouped.pipe(map(([, group]: Grouped) => `${group.key}|${group.n}|${group.total}`));
  };
  switch (query) {
    case "filter":
      return facts.pipe(
        filter(([, , val]: Fact) => val < HALF_OF_VALUES),
        map(([id, , val]: Fact) => `${id}|${val}`),
      );
    case "join":
      return joined().pipe(map(([, [fact, dim]]: Joined) => `${fact[0]}|${fact[2]}|${dim[1]}`));
    case "join + aggregate, groups of 100":
      return aggregate(
        ([, [fact]]) => fact[1],
        ([, [fact, dim]]) => fact[2] * dim[1],
      );
    case "join + aggregate, 7 groups":
      return aggregate(
        ([, [, dim]]) => dim[1],
        ([, [fact]]) => fact[2],
      );
    case "top 10":
      return dialect.topTen(facts);
    case "row_number, partitions of 100":
      return facts.pipe(
        map((fact: Fact) => [fact[1], fact]),
        reduce(placed),
        map(([, line]: readonly [number, string]) => line),
      );
    case "distinct":
      return facts.pipe(
        map(([, grp]: Fact) => [grp, grp]),
        distinct(),
        map(([, grp]: readonly [number, number]) => String(grp)),
      );
  }
}

/** Each row of a partition with its place. A row may come several times, with weights that make up its own. */
function placed(partition: Weighted<Fact>): Weighted<string> {
  const weights = new Map<Fact, number>();
  for (const [fact, weight] of partition) weights.set(fact, (weights.get(fact) ?? 0) + weight);
  const facts = [...weights].flatMap(([fact, weight]) => (weight > 0 ? [fact] : []));
  return facts.toSorted(byValue).map((fact, at) => [`${fact[0]}|${at + 1}`, 1] as const);
}

export function byValue(one: Fact, other: Fact): number {
  return one[2] - other[2] || one[0] - other[0];
}
