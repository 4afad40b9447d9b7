import { parseArgs } from "node:util";

/** In the order in which they run. */
export const caseNames = [
  "snapshot",
  "hits",
  "fronts",
  "queries",
  "partial",
  "changes",
  "freshness",
  "mixed",
  "restart",
  "memory",
  "idle",
  "operators",
  "scale",
  "rivals",
] as const;

export type CaseName = (typeof caseNames)[number];

export interface BenchOptions {
  /** Rows of the large tables. */
  readonly scale: number;
  /** Seconds per measurement of a load. */
  readonly seconds: number;
  /** Seconds of the case `mixed`. */
  readonly mixedSeconds: number;
  readonly cases: readonly CaseName[];
  /** Tiny sizes: shows that everything works, measures nothing of worth. */
  readonly quick: boolean;
  /** The folder of the result files. */
  readonly results: string;
}

export type Request =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly options: BenchOptions }
  | { readonly kind: "report"; readonly results: string };

export const usage: string = `npm run bench -- [--rows N] [--seconds N] [--mixed-seconds N] [--only CASE,...] [--quick] [--results DIR]
npm run bench:report -- [--results DIR]

  --rows N           rows of the large tables (default 1000000)
  --seconds N        seconds per measurement of a load (default 6)
  --mixed-seconds N  seconds of the case mixed (default 300)
  --only CASES       some of ${caseNames.join(", ")}
  --quick            10000 rows and 1 second, to see that it works
  --results DIR      where the results lie (default bench/results)
`;

export function readRequest(argv: readonly string[], defaultResults: string): Request {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rows: { type: "string" },
      "mixed-seconds": { type: "string" },
      seconds: { type: "string" },
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      results: { type: "string", default: defaultResults },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return { kind: "help" };
  if (positionals[0] === "report" && positionals.length === 1) return { kind: "report", results: values.results };
  if (positionals.length > 0) throw new Error(`unknown argument "${positionals.join(" ")}"\n${usage}`);
  const { quick, results } = values;
  return {
    kind: "run",
    options: {
      scale: readNumber("--rows", values.rows, quick ? 10_000 : 1_000_000, 1000),
      seconds: readNumber("--seconds", values.seconds, quick ? 1 : 6, 1),
      mixedSeconds: readNumber("--mixed-seconds", values["mixed-seconds"], quick ? 3 : 300, 2),
      cases: readCases(values.only),
      quick,
      results,
    },
  };
}

function readNumber(name: string, text: string | undefined, fallback: number, min: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) throw new Error(`${name} must be a whole number from ${min} on`);
  return value;
}

function readCases(text: string | undefined): readonly CaseName[] {
  if (text === undefined) return caseNames;
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.filter((name) => !caseNames.some((known) => known === name));
  if (unknown.length > 0) throw new Error(`unknown case "${unknown.join(", ")}": there are ${caseNames.join(", ")}`);
  return caseNames.filter((name) => wanted.includes(name));
}
