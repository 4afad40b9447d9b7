import type { Draft, Operand } from "./draft.ts";

const starts = ["UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING"] as const;
const ends = ["PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"] as const;
/** Which ends PostgreSQL allows with each start. */
const lowestEnd: Readonly<Record<(typeof starts)[number], number>> = {
  "UNBOUNDED PRECEDING": 0,
  PRECEDING: 0,
  "CURRENT ROW": 1,
  FOLLOWING: 2,
};

/** Offsets by kind; those of instants without days, which would hang on the session's time zone. */
const momentOffsets: Readonly<Record<string, readonly string[]>> = {
  day: ["interval '1 day'", "interval '1 month'", "interval '1 month 1 day 02:00'", "interval '25 years'"],
  tim: ["interval '0'", "interval '12:00'", "interval '1 day'", "interval '1 mon'", "interval '24 years 2 mons'"],
  ins: ["interval '0'", "interval '12:00'", "interval '36:00'", "interval '300000:00'"],
  itv: ["interval '0'", "interval '1 day'", "interval '1 mon'", "interval '1 mon -29 days'"],
  clo: ["interval '0'", "interval '1 day 02:00'", "interval '12:00'", "interval '1 mon 00:00:01'"],
  zon: ["interval '0'", "interval '1 hour'", "interval '12:00'"],
};

function offset(draft: Draft, mode: string, key: Operand | undefined): string {
  const { random } = draft;
  if (mode !== "RANGE") return String(random.integer(0, 4));
  const ofMoments = key === undefined ? undefined : momentOffsets[key.kind.id];
  if (ofMoments !== undefined) return random.pick(ofMoments);
  const isWhole = key !== undefined && ["sma", "num", "big"].includes(key.kind.id);
  return isWhole ? random.pick(["0", "1", "2", "2147483647"]) : random.pick(["0", "0.5", "1", "1024"]);
}

/** Kinds by which RANGE offsets are measured. */
export function isMeasured({ kind }: Operand): boolean {
  return kind.id in momentOffsets || ["sma", "num", "big", "rea", "flo", "dec", "pri"].includes(kind.id);
}

/**
 * A frame clause, perhaps none. Where `isTotal` is false rows may be tied in the window's order, and the frame does not tell them apart.
 */
export function randomFrame(draft: Draft, order: readonly Operand[], isTotal: boolean): string {
  const { random } = draft;
  if (random.chance(0.25)) return "";
  const modes = [...(isTotal ? ["ROWS", "ROWS"] : []), "RANGE", ...(order.length > 0 ? ["GROUPS"] : [])];
  const mode = random.pick(modes);
  const [key] = order;
  const measured = mode !== "RANGE" || (order.length === 1 && key !== undefined && isMeasured(key));
  const isOffset = (bound: string): boolean => bound === "PRECEDING" || bound === "FOLLOWING";
  const start = random.pick(starts.filter((bound) => measured || !isOffset(bound)));
  const end = random.pick(ends.slice(lowestEnd[start]).filter((bound) => measured || !isOffset(bound)));
  const bound = (name: string): string => (isOffset(name) ? `${offset(draft, mode, key)} ${name}` : name);
  const exclusions = isTotal ? ["EXCLUDE CURRENT ROW", "EXCLUDE GROUP", "EXCLUDE TIES"] : ["EXCLUDE GROUP"];
  const exclude = draft.use("EXCLUDE", 0.2) ? ` ${random.pick(exclusions)}` : "";
  draft.features.add(`${mode} frame`);
  return ` ${mode} BETWEEN ${bound(start)} AND ${bound(end)}${exclude}`;
}
