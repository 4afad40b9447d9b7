import { must } from "@freshet/base";
import {
  Histogram,
  type HistogramConfiguration,
  type MetricObjectWithValues,
  type MetricValueWithName,
} from "prom-client";

/** A histogram without labels for what happens with every statement: `count` adds to plain numbers, the form is made when it is asked for. */
export class CountedHistogram extends Histogram {
  readonly #name: string;
  /** What there is to say besides the values. */
  readonly #form: Histogram;
  /** Upper bounds, in order. */
  readonly #bounds: readonly number[];
  /** How many values each bound, and the end, is the first not to be below. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(configuration: HistogramConfiguration<string> & { readonly buckets: number[] }) {
    super(configuration);
    this.#name = configuration.name;
    this.#form = new Histogram({ ...configuration, registers: [] });
    this.#bounds = [...configuration.buckets];
    this.#counts = new Float64Array(this.#bounds.length + 1);
  }

  count(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > must(bounds[at])) at++;
    this.#counts[at] = must(this.#counts[at]) + 1;
    this.#sum += value;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    let total = 0;
    const values: MetricValueWithName<string>[] = [...this.#counts].map((count, at) => {
      total += count;
      return { metricName: `${this.#name}_bucket`, labels: { le: this.#bounds[at] ?? "+Inf" }, value: total };
    });
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: this.#sum });
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: total });
    return { ...(await this.#form.get()), values };
  }

  /** What a registry asks a histogram for in place of `get`, where it has this. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return this.get();
  }
}
