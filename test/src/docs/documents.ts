import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

export function documentPath(name: string): string {
  return path.join(repository, name);
}

/** A file of the repository, by its path from the root. */
export function readDocument(name: string): Promise<string> {
  return readFile(documentPath(name), "utf8");
}

/** A Markdown table; bars in cells are escaped. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), `|${" --- |".repeat(header.length)}`, ...rows.map(line)].join("\n");
}

/** The text in backquotes that begins each row of the tables under a heading (or in the whole document). */
export function firstColumn(markdown: string, heading?: string): string[] {
  const from = heading === undefined ? 0 : markdown.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`there is no heading "${heading}"`);
  const rest = markdown.slice(from + 1);
  const end = heading === undefined ? -1 : rest.search(/\n#{1,2} /);
  const section = end < 0 ? rest : rest.slice(0, end);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name ?? "");
}

/** The names of a union type of string literals, read from its source text. */
export function unionMembers(source: string, type: string): string[] {
  const declaration = new RegExp(`type ${type} =([^;]*);`).exec(source)?.[1];
  if (declaration === undefined) throw new Error(`there is no type ${type}`);
  return [...declaration.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? "");
}
