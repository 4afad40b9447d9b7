import { tokens } from "./tokenizer.ts";

/**
 * An upper bound of how deep a text's parse tree gets: the most tokens on one path of brackets, where a
 * comma ends a segment, and set operations chain across commas. The parser recurses in WebAssembly: an
 * overflow there leaves it broken for good, so what may be too deep must not reach it.
 */
export function nestingDepth(text: string): number {
  const levels: Level[] = [newLevel()];
  let deepest = 0;
  for (const token of tokens(text)) {
    const level = levels[levels.length - 1] as Level;
    const written = text.slice(token.start, token.end);
    if (written === "(" || written === "[") levels.push(newLevel());
    else if (written === ")" || written === "]") closeLevel(levels);
    else if (written === ",") endSegment(level);
    else if (written === ";") {
      while (levels.length > 1) closeLevel(levels);
      deepest = Math.max(deepest, total(levels[0] as Level));
      levels[0] = newLevel();
    } else if (token.kind === "word" && /^(?:union|intersect|except)$/i.test(written)) level.chained++;
    else level.segment++;
  }
  while (levels.length > 1) closeLevel(levels);
  return Math.max(deepest, total(levels[0] as Level));
}

/** One pair of brackets: tokens of the running segment, deepest bracket in it, deepest segment so far. */
interface Level {
  segment: number;
  nested: number;
  deepest: number;
  chained: number;
}

function newLevel(): Level {
  return { segment: 0, nested: 0, deepest: 0, chained: 0 };
}

function endSegment(level: Level): void {
  level.deepest = Math.max(level.deepest, level.segment + level.nested);
  level.segment = 0;
  level.nested = 0;
}

function total(level: Level): number {
  endSegment(level);
  return level.deepest + level.chained;
}

function closeLevel(levels: Level[]): void {
  if (levels.length === 1) return;
  const inner = levels.pop() as Level;
  const outer = levels[levels.length - 1] as Level;
  // A bracket behind a bracket (`a[1][2]`) deepens like a token does.
  outer.segment++;
  outer.nested = Math.max(outer.nested, total(inner) + 1);
}
