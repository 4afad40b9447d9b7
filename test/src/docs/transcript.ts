/** One statement of a psql transcript, and what psql answered. */
export interface Step {
  readonly statement: string;
  readonly notices: readonly string[];
  /** Cells of the table, the first row being the header; null without one. */
  readonly table: readonly (readonly string[])[] | null;
  /** The command tag; null where a table stands in its place. */
  readonly tag: string | null;
}

const PROMPT = /^\w+=# (.*)$/;
const CONTINUED = /^\w+-# (.*)$/;

/** The statements of all ```console blocks, in order. */
export function readTranscript(markdown: string): Step[] {
  const steps: { statement: string; output: string[] }[] = [];
  for (const [, block = ""] of markdown.matchAll(/```console\n([\s\S]*?)```/g)) {
    for (const line of block.split("\n")) {
      const begun = PROMPT.exec(line)?.[1];
      const continued = CONTINUED.exec(line)?.[1];
      const current = steps.at(-1);
      if (begun !== undefined) steps.push({ statement: begun, output: [] });
      else if (current !== undefined && continued !== undefined) current.statement += `\n${continued}`;
      else current?.output.push(line);
    }
  }
  return steps.map(({ statement, output }) => ({ statement, ...readOutput(output) }));
}

function readOutput(lines: readonly string[]): Omit<Step, "statement"> {
  const notices = lines.flatMap((line) => /^NOTICE: {2}(.*)$/.exec(line)?.[1] ?? []);
  const rule = lines.findIndex((line) => /^-+(\+-|$)/.test(line));
  if (rule < 0) return { notices, table: null, tag: lines.find((line) => /^[A-Z]+( [A-Z0-9]+)*$/.test(line)) ?? null };
  const end = lines.findIndex((line) => /^\(\d+ rows?\)$/.test(line));
  const rows = [...lines.slice(rule - 1, rule), ...lines.slice(rule + 1, end)];
  const table = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  const count = Number(/\d+/.exec(lines[end] ?? "")?.[0]);
  if (count !== table.length - 1)
    throw new Error(`a table of the transcript has not ${count} rows:\n${rows.join("\n")}`);
  return { notices, table, tag: null };
}

/**
 * The table as the transcript shows it: where it has `…`, the actual text is put away, also behind a last column of `…`;
 * so is the LSN, which differs from run to run.
 */
export function asShown(actual: readonly (readonly string[])[], shown: readonly (readonly string[])[]): string[][] {
  const [header = []] = shown;
  const width = header.at(-1) === "…" ? header.length - 1 : Number.POSITIVE_INFINITY;
  return actual.map((row, y) => {
    const cells = row.slice(0, width).map((cell, x) => cellAsShown(cell, shown[y]?.[x] ?? ""));
    return width === Number.POSITIVE_INFINITY ? cells : [...cells, "…"];
  });
}

function cellAsShown(actual: string, shown: string): string {
  const parts = shown.split("…").map((part) => part.replace(/[^\w ]/g, String.raw`\$&`));
  const pattern = isLsn(shown) ? /^[0-9A-F]+\/[0-9A-F]+$/ : new RegExp(`^${parts.join("[^]*")}$`);
  return pattern.test(actual) ? shown : actual;
}

function isLsn(text: string): boolean {
  return /^[0-9A-F]+\/[0-9A-F]+$/.test(text);
}
