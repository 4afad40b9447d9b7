/** A set of code points. */
export type CharacterSet = (code: number) => boolean;

type Range = readonly [first: number, last: number];

const digit: readonly Range[] = [[0x30, 0x39]];
const upper: readonly Range[] = [[0x41, 0x5a]];
const lower: readonly Range[] = [[0x61, 0x7a]];
const alpha: readonly Range[] = [...upper, ...lower];
const alnum: readonly Range[] = [...digit, ...alpha];

/** Classes as every locale has them for ASCII, and the locale C for all characters. */
const CLASSES: Readonly<Record<string, readonly Range[]>> = {
  digit,
  upper,
  lower,
  alpha,
  alnum,
  word: [...alnum, [0x5f, 0x5f]],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0x00, 0x1f],
    [0x7f, 0x7f],
  ],
  print: [[0x20, 0x7e]],
  graph: [[0x21, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  xdigit: [...digit, [0x41, 0x46], [0x61, 0x66]],
};

export type ClassRanges = readonly Range[];

/** The ranges of a named class; undefined for an unknown name. When case is ignored, upper and lower mean letters. */
export function classRanges(name: string, ignoreCase: boolean): ClassRanges | undefined {
  if (ignoreCase && (name === "upper" || name === "lower")) return alpha;
  return Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
}

const ASCII = 128;

/** The set of some ranges, with the other case of ASCII letters where case is ignored. */
export function setOf(ranges: readonly Range[], ignoreCase: boolean, negated = false): CharacterSet {
  const table = new Uint8Array(ASCII);
  for (let code = 0; code < ASCII; code++) {
    const found = inRanges(ranges, code) || (ignoreCase && inRanges(ranges, otherCase(code)));
    table[code] = found === negated ? 0 : 1;
  }
  return (code) => (code < ASCII ? table[code] === 1 : inRanges(ranges, code) !== negated);
}

function inRanges(ranges: readonly Range[], code: number): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last);
}

function otherCase(code: number): number {
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x7a ? code ^ 0x20 : code;
}

const word = setOf(classRanges("word", false) ?? [], false);

/** Whether a character belongs to words, for assertions. */
export function isWordCharacter(code: number): boolean {
  return word(code);
}
