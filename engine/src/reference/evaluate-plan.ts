import { assert, must, unreachable } from "@freshet/base";
import { type MakeUpstreamCalls, writeSortKey } from "@freshet/contract";
import {
  type AggregateCall,
  type AggregatePlan,
  type ExpandPlan,
  type Expression,
  isHypotheticalAggregate,
  isListAggregate,
  type JoinPlan,
  type Plan,
  type RowSource,
  type SetOperationPlan,
  type SortKey,
  type TopKPlan,
  type UpstreamCallsPlan,
  type RecursivePlan,
  windowCallArguments,
  type WindowPlan,
} from "@freshet/sql";
import { type CodecSet, type ColumnType, KeyWriter, packRow, type Row, unpackRow } from "@freshet/values";
import { createAccumulator } from "../aggregate-state/create-accumulator.ts";
import { compileBytes, compileExpression } from "../expression/compile.ts";
import { compileSetFunction } from "../expression/set-functions/compile-set-function.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { canonicalJson } from "../graph/canonical.ts";
import { MAX_ORDERED_BYTES } from "../state/multiset.ts";
import { hypotheticalSort } from "../operators/hypothetical-slot.ts";
import { listItem, listResult } from "./list-result.ts";
import { orderedSetResult } from "./ordered-set-result.ts";
import { compareRows, groupBy, smallest } from "./row-lists.ts";
import { upstreamResults } from "./upstream-calls.ts";
import { type WindowMember, windowValue } from "./window-value.ts";

/** A table's content: all columns of each row. */
export interface ReferenceTable {
  readonly attributes: readonly number[];
  readonly rows: readonly Row[];
}

type Values = readonly (Buffer | null)[];

/** The slow, obvious twin of the engine: computes a plan's whole result from the tables' whole content. */
export class ReferenceEvaluator {
  readonly #tables: ReadonlyMap<number, ReferenceTable>;
  readonly #codecs: CodecSet;
  readonly #inputs: readonly (readonly Row[])[];
  readonly #makeCalls: MakeUpstreamCalls | undefined;
  readonly #results = new Map<string, readonly Row[]>();
  /** Failures of each part of the plan; parts that occur twice are computed, and fail, once. */
  readonly #errors = new Map<string, number>();

  /** `inputs` are those of the recursive plan whose body is evaluated. */
  constructor(
    tables: ReadonlyMap<number, ReferenceTable>,
    codecs: CodecSet,
    inputs: readonly (readonly Row[])[] = [],
    makeCalls?: MakeUpstreamCalls,
  ) {
    this.#makeCalls = makeCalls;
    this.#inputs = inputs;
    this.#tables = tables;
    this.#codecs = codecs;
  }

  /** Failures in all plans evaluated so far. */
  get errors(): number {
    return [...this.#errors.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The plan's rows, repeated as often as they occur, in no order. */
  evaluate(plan: Plan): readonly Row[] {
    const name = canonicalJson(plan);
    const known = this.#results.get(name);
    if (known !== undefined) return known;
    this.#errors.set(name, 0);
    const rows = this.#compute(plan, name);
    this.#results.set(name, rows);
    return rows;
  }

  #compute(plan: Plan, name: string): readonly Row[] {
    switch (plan.kind) {
      case "scan": {
        const table = must(this.#tables.get(plan.tableOid));
        const positions = plan.attributes.map((attribute) => table.attributes.indexOf(attribute));
        return table.rows.map((row) => {
          const values = unpackRow(row);
          return packRow(positions.map((position) => values[position] ?? null));
        });
      }
      case "filter": {
        const test = this.#predicate(plan.predicate, plan.input.columns);
        return this.evaluate(plan.input).filter((row) => this.#attempt(name, () => test(row)) === true);
      }
      case "project":
        return this.evaluate(plan.input).flatMap((row) => {
          const values = this.#attempt(name, () => this.#values(plan.expressions, plan.input.columns, row));
          return values === undefined ? [] : [packRow(values)];
        });
      case "unit":
        return [packRow([])];
      case "expand":
        return this.#expand(plan, name);
      case "join":
        return this.#join(plan, name);
      case "aggregate":
        return this.#aggregate(plan, name);
      case "distinct": {
        const groups = groupBy(this.evaluate(plan.input), (row) => this.#key(unpackRow(row), plan.columns));
        return [...groups.values()].map((rows) => smallest(rows));
      }
      case "union-all":
        return plan.inputs.flatMap((input) => this.evaluate(input));
      case "set-operation":
        return this.#setOperation(plan);
      case "top-k":
        return this.#topK(plan, name);
      case "upstream-calls":
        return this.#upstreamCalls(plan);
      case "single-row": {
        const { columns } = plan.input;
        const types = plan.partition.map((part) => part.type);
        const members = this.evaluate(plan.input).flatMap((row) => {
          const values = this.#attempt(name, () => this.#values(plan.partition, columns, row));
          return values === undefined ? [] : [{ row, partition: this.#key(values, types) }];
        });
        return [...groupBy(members, ({ partition }) => partition).values()].map((rows) =>
          Buffer.concat([smallest(rows.map(({ row }) => row)), packRow([Buffer.from([rows.length > 1 ? 1 : 0])])]),
        );
      }
      case "recursive":
        return this.#recursive(plan, name);
      case "recursive-input":
        return must(this.#inputs[plan.input]);
      case "window":
        return this.#window(plan, name);
      default:
        return unreachable(plan);
    }
  }

  #expand(plan: ExpandPlan, name: string): readonly Row[] {
    const { columns } = plan.input;
    const keeps = plan.residual === null ? () => true : this.#predicate(plan.residual, plan.columns);
    const made = plan.columns.length - columns.length;
    return this.evaluate(plan.input).flatMap((row) => {
      const lists = this.#attempt(name, () => plan.sources.map((source) => this.#sourceRows(source, columns, row)));
      if (lists === undefined) return [];
      const count = Math.max(0, ...lists.map((list) => list.length));
      const rows = Array.from({ length: count }, (_item, index) => {
        const values = plan.sources.flatMap((source, at) => lists[at]?.[index] ?? source.columns.map(() => null));
        const number = Buffer.alloc(8);
        number.writeBigInt64BE(BigInt(index + 1));
        return Buffer.concat([row, packRow(plan.ordinality ? [...values, number] : values)]);
      }).filter((whole) => this.#attempt(name, () => keeps(whole)) === true);
      if (rows.length > 0 || !plan.outer) return rows;
      return [Buffer.concat([row, packRow(Array.from({ length: made }, () => null))])];
    });
  }

  #sourceRows(source: RowSource, columns: readonly ColumnType[], row: Row): readonly Values[] {
    if (source.kind === "rows") return source.rows.map((expressions) => this.#values(expressions, columns, row));
    const args = this.#values(source.args, columns, row);
    if (source.strict && args.includes(null)) return [];
    return [...compileSetFunction(source, this.#codecs)(args)];
  }

  #join(plan: JoinPlan, name: string): readonly Row[] {
    const keyed = (side: "left" | "right", keys: readonly Expression[]): { row: Row; key: string | null }[] => {
      const input = plan[side];
      // An arrangement is shared by all joins on the same keys of the same input: so are its failures.
      const nullSafe = plan.nullSafe ?? [];
      const place = `keys of ${canonicalJson([input, keys, nullSafe])}`;
      const first = !this.#errors.has(place);
      if (first) this.#errors.set(place, 0);
      return this.evaluate(input).flatMap((row) => {
        const values = this.#attempt(first ? place : null, () => this.#values(keys, input.columns, row));
        if (values === undefined) return [];
        return [
          {
            row,
            key: values.some((value, index) => value === null && nullSafe[index] !== true)
              ? null
              : this.#key(
                  values,
                  keys.map((key) => key.type),
                ),
          },
        ];
      });
    };
    const test = plan.residual === null ? () => true : this.#predicate(plan.residual, plan.columns);
    const rights = keyed("right", plan.rightKeys);
    const padding = packRow(plan.right.columns.map(() => null));
    const met = new Set<number>();
    const pairs = keyed("left", plan.leftKeys).flatMap((left) => {
      const partners = rights.flatMap((right, index) => {
        if (left.key === null || left.key !== right.key) return [];
        const pair = Buffer.concat([left.row, right.row]);
        if (this.#attempt(name, () => test(pair)) !== true) return [];
        met.add(index);
        return [pair];
      });
      return partners.length === 0 && plan.join !== "inner" ? [Buffer.concat([left.row, padding])] : partners;
    });
    if (plan.join !== "full") return pairs;
    const leftPadding = packRow(plan.left.columns.map(() => null));
    const alone = rights.filter((_right, index) => !met.has(index));
    return [...pairs, ...alone.map(({ row }) => Buffer.concat([leftPadding, row]))];
  }

  #aggregate(plan: AggregatePlan, name: string): readonly Row[] {
    const { columns } = plan.input;
    const members = this.evaluate(plan.input).flatMap((row) => {
      const member = this.#attempt(name, () => ({
        group: this.#values(plan.groups, columns, row),
        args: plan.aggregates.map((call) => this.#argument(call, columns, row)),
      }));
      return member === undefined ? [] : [member];
    });
    const groups = groupBy(members, ({ group }) =>
      this.#key(
        group,
        plan.groups.map((group) => group.type),
      ),
    );
    if (plan.scalar && groups.size === 0) groups.set("", []);
    return [...groups.values()].flatMap((rows) => {
      const image = rows.length === 0 ? packRow([]) : smallest(rows.map(({ group }) => packRow(group)));
      const results = this.#attempt(name, () =>
        plan.aggregates.map((call, index) =>
          this.#aggregateResult(
            call,
            rows.map(({ args }) => args[index] ?? null),
          ),
        ),
      );
      return results === undefined ? [] : [Buffer.concat([image, packRow(results)])];
    });
  }

  #argument(call: AggregateCall, columns: readonly ColumnType[], row: Row): Buffer | null {
    const { name, arg } = call;
    if (arg === null) return null;
    if (call.filter !== undefined && !this.#predicate(call.filter, columns)(row)) return null;
    if (isListAggregate(name)) {
      const values = this.#values([arg, ...(call.rest ?? [])], columns, row);
      return name === "string_agg" && values[0] === null
        ? null
        : listItem(this.#sortKey(call.sort ?? [], columns, row), values);
    }
    if (call.direct !== undefined) {
      const key = this.#sortKey(call.sort ?? [], columns, row);
      if (isHypotheticalAggregate(name)) return listItem(key, [this.#sortKey(hypotheticalSort(call), columns, row)]);
      const [value = null] = this.#values([arg], columns, row);
      return value === null ? null : listItem(key, [value]);
    }
    const values = this.#values([arg, ...(call.rest ?? [])], columns, row);
    if (values.length > 1) return values.includes(null) ? null : packRow(values);
    const [value] = values;
    if (value === undefined || value === null) return null;
    if (name === "min" || name === "max") refuseLong(this.#key([value], [arg.type]).length - 1);
    return value;
  }

  #aggregateResult(call: AggregateCall, args: readonly (Buffer | null)[]): Buffer | null {
    const { arg } = call;
    if (arg === null) return addAll(createAccumulator(call, null, this.#codecs), args);
    const present = args.filter((value) => value !== null);
    if (isListAggregate(call.name)) return listResult(call.name, call, present, this.#codecs, compareRows);
    if (call.direct !== undefined)
      return orderedSetResult(call, present, { codecs: this.#codecs, collations: [] }, compareRows);
    const { rest = [] } = call;
    const keyOf = (value: Buffer): string =>
      rest.length === 0
        ? this.#key([value], [arg.type])
        : this.#key(
            unpackRow(value),
            [arg, ...rest].map(({ type }) => type),
          );
    if (call.name === "min" || call.name === "max") {
      const sorted = present.toSorted((a, b) => compareText(keyOf(a), keyOf(b)) || Buffer.compare(a, b));
      return sorted.at(call.name === "min" ? 0 : -1) ?? null;
    }
    if (call.name === "any_value") return present.length === 0 ? null : smallest(present);
    const values = call.distinct ? [...groupBy(present, keyOf).values()].map((images) => smallest(images)) : args;
    return addAll(createAccumulator(call, arg.type, this.#codecs), values);
  }

  #setOperation({ operation, all, left, right, columns }: SetOperationPlan): readonly Row[] {
    const groups = (input: Plan): Map<string, Row[]> =>
      groupBy(this.evaluate(input), (row) => this.#key(unpackRow(row), columns));
    const [lefts, rights] = [groups(left), groups(right)];
    return [...lefts].flatMap(([key, rows]) => {
      const others = rights.get(key)?.length ?? 0;
      const count = operation === "intersect" ? Math.min(rows.length, others) : Math.max(0, rows.length - others);
      const kept = all ? count : Math.min(1, operation === "except" && others > 0 ? 0 : count);
      return Array.from({ length: kept }, () => smallest(rows));
    });
  }

  #upstreamCalls(plan: UpstreamCallsPlan): readonly Row[] {
    return this.evaluate(plan.input).map((row) => {
      const valuesOf = (args: readonly Expression[]): Values => this.#values(args, plan.input.columns, row);
      return Buffer.concat([row, packRow(upstreamResults(plan, must(this.#makeCalls), valuesOf))]);
    });
  }

  #topK(plan: TopKPlan, name: string): readonly Row[] {
    const { columns } = plan.input;
    const ranked = this.evaluate(plan.input).flatMap((row) => {
      const item = this.#attempt(name, () => {
        const partition = this.#values(plan.partition, columns, row);
        const sort = this.#sortKey(plan.sort, columns, row);
        return {
          partition: this.#key(
            partition,
            plan.partition.map((part) => part.type),
          ),
          sort,
          row,
        };
      });
      return item === undefined ? [] : [item];
    });
    ranked.sort((a, b) => Buffer.compare(a.sort, b.sort) || compareRows(a.row, b.row));
    const end = plan.limit === null ? undefined : plan.offset + plan.limit;
    return [...groupBy(ranked, ({ partition }) => partition).values()].flatMap((rows) => {
      const chosen = rows.slice(plan.offset, end);
      const last = plan.ties === true ? chosen.at(-1) : undefined;
      const tied = last === undefined ? [] : rows.slice(end).filter(({ sort }) => sort.equals(last.sort));
      return [...chosen, ...tied].map(({ row }) => row);
    });
  }

  #sortKey(sort: readonly SortKey[], columns: readonly ColumnType[], row: Row): Buffer {
    const out = new KeyWriter();
    for (const { expression, descending, nullsFirst } of sort) {
      const [value] = this.#values([expression], columns, row);
      writeSortKey(out, must(this.#codecs.get(expression.type.typeOid)), value ?? null, { descending, nullsFirst });
    }
    refuseLong(out.length);
    return out.take();
  }

  #recursive(plan: RecursivePlan, name: string): readonly Row[] {
    const [base = [], ...others] = plan.inputs.map((input) => this.evaluate(input));
    const over = (rows: readonly Row[]): ReferenceEvaluator =>
      new ReferenceEvaluator(this.#tables, this.#codecs, [rows, ...others], this.#makeCalls);
    const result: Row[] = [];
    const seen = new Set<string>();
    const isNew = (row: Row): boolean =>
      plan.all || (!seen.has(row.toString("latin1")) && seen.add(row.toString("latin1")) !== null);
    for (let next = base.filter(isNew); next.length > 0; next = over(next).evaluate(plan.body).filter(isNew)) {
      result.push(...next);
    }
    const whole = over(result);
    whole.evaluate(plan.body);
    this.#errors.set(name, whole.errors);
    return result;
  }

  #window(plan: WindowPlan, name: string): readonly Row[] {
    const { columns } = plan.input;
    const members = this.evaluate(plan.input).flatMap((row): WindowMember[] => {
      const member = this.#attempt(name, () => {
        const partition = this.#values(plan.partition, columns, row);
        const types = plan.partition.map((part) => part.type);
        const [sort = null] = this.#values(
          plan.sort.slice(0, 1).map((key) => key.expression),
          columns,
          row,
        );
        const sortKey = this.#sortKey(plan.sort, columns, row);
        const args = plan.calls.map((call) => {
          const filter = call.kind === "aggregate" ? call.call.filter : undefined;
          const isIn = filter === undefined || this.#predicate(filter, columns)(row);
          return isIn ? this.#values(windowCallArguments(call), columns, row) : null;
        });
        return { row, partition: this.#key(partition, types), sortKey, sort, args };
      });
      return member === undefined ? [] : [member];
    });
    members.sort((a, b) => Buffer.compare(a.sortKey, b.sortKey) || compareRows(a.row, b.row));
    return [...groupBy(members, ({ partition }) => partition).values()].flatMap((partition) =>
      partition.flatMap((member, index) => {
        const results = this.#attempt(name, () =>
          plan.calls.map((_call, call) => windowValue(plan, call, partition, index, this.#codecs)),
        );
        return results === undefined ? [] : [Buffer.concat([member.row, packRow(results)])];
      }),
    );
  }

  /** The result, or undefined and a failure on record. */
  #attempt<T>(place: string | null, body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      if (place !== null) this.#errors.set(place, (this.#errors.get(place) ?? 0) + 1);
      return undefined;
    }
  }

  #values(expressions: readonly Expression[], columns: readonly ColumnType[], row: Row): Values {
    const view = new RowView();
    view.set(row, columns.length);
    return expressions.map((expression) => compileBytes(expression, { columns, codecs: this.#codecs })(view));
  }

  #predicate(expression: Expression, columns: readonly ColumnType[]): (row: Row) => boolean {
    const compiled = compileExpression(expression, { columns, codecs: this.#codecs });
    return (row) => {
      const view = new RowView();
      view.set(row, columns.length);
      return compiled(view) === true;
    };
  }

  /** Equal texts for values equal in SQL, NULL equal to NULL. */
  #key(values: Values, types: readonly ColumnType[]): string {
    assert(values.length === types.length, "a key has a type for each value");
    const out = new KeyWriter();
    values.forEach((value, index) => {
      out.byte(value === null ? 0 : 1);
      if (value !== null) must(this.#codecs.get(must(types[index]).typeOid)).writeKey(value, out);
    });
    return out.take().toString("latin1");
  }
}

function addAll(accumulator: ReturnType<typeof createAccumulator>, values: Values): Buffer | null {
  const state = accumulator.create();
  for (const value of values) state.add(value, 1);
  return state.result();
}

/** What the store cannot keep in order is a failure. */
function refuseLong(bytes: number): void {
  if (bytes > MAX_ORDERED_BYTES) throw new EvaluationError("54000", "the value is too long to be kept in order", true);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
