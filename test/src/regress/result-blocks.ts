/** A table that psql printed, with the text between the table before and it. */
interface Block {
  readonly before: readonly string[];
  readonly rows: readonly string[];
}

/**
 * psql's output with each result's rows sorted where the statement before it says nothing of an order: there PostgreSQL gives them as they happen to
 * lie, and a cache as they lie in its view.
 */
export function withoutChanceOrder(output: string): string {
  const { blocks, rest } = resultBlocks(output.split("\n"));
  const lines = blocks.flatMap(({ before, rows }) => [...before, ...(fixesOrder(before) ? rows : rows.toSorted())]);
  return [...lines, ...rest].join("\n");
}

/** The statement ends with the lines before the heading; an ORDER BY anywhere in what was echoed for it counts. */
function fixesOrder(before: readonly string[]): boolean {
  return /\border\s+by\b/i.test(before.join("\n"));
}

function resultBlocks(lines: readonly string[]): { readonly blocks: Block[]; readonly rest: readonly string[] } {
  const blocks: Block[] = [];
  let from = 0;
  for (let index = 1; index < lines.length; index++) {
    const end = endOfRows(lines, index);
    if (end === undefined) continue;
    blocks.push({ before: lines.slice(from, index + 1), rows: lines.slice(index + 1, end) });
    from = end;
    index = end;
  }
  return { blocks, rest: lines.slice(from) };
}

/** Where the row count stands when `index` is the line below a result's heading: comments and what `\d` prints look alike. */
function endOfRows(lines: readonly string[], index: number): number | undefined {
  if (!/^-+(?:\+-+)*$/.test(lines[index] ?? "") || lines[index - 1]?.startsWith(" ") !== true) return undefined;
  for (let end = index + 1; end < lines.length && lines[end] !== ""; end++)
    if (/^\(\d+ rows?\)$/.test(lines[end] ?? "")) return end;
  return undefined;
}
