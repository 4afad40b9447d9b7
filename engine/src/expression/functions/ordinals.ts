const ENDINGS: Readonly<Record<string, string>> = { "1": "st", "2": "nd", "3": "rd" };

/** The number with its ordinal ending. */
export function withEnding(digits: string, ordinal: "TH" | "th" | null): string {
  if (ordinal === null) return digits;
  const ending = (digits.at(-2) === "1" ? undefined : ENDINGS[digits.at(-1) ?? ""]) ?? "th";
  return digits + (ordinal === "TH" ? ending.toUpperCase() : ending);
}
