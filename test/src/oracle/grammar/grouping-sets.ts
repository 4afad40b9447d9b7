import { kindById } from "../column-types.ts";
import type { Draft, Form, Operand } from "./draft.ts";

interface SetsForm extends Form {
  write(groups: readonly string[]): string;
}

const forms: readonly SetsForm[] = [
  { feature: "ROLLUP", weight: 1, write: (groups) => `ROLLUP (${groups.join(", ")})` },
  { feature: "CUBE", weight: 1, write: (groups) => `CUBE (${groups.join(", ")})` },
  {
    feature: "GROUPING SETS",
    weight: 1,
    write: (groups) => `GROUPING SETS ((${groups.join(", ")}), (${groups[0] ?? ""}), ())`,
  },
  {
    feature: "mixed GROUPING SETS",
    weight: 1,
    write: ([first = "", ...rest]) =>
      `${first}, GROUPING SETS (${[...rest.map((group) => `(${group})`), `(${first})`, "()"].join(", ")})`,
  },
  { feature: "empty GROUPING SETS", weight: 0.4, write: () => "GROUPING SETS ((), ())" },
];

/** What GROUP BY is followed by, and perhaps a GROUPING() to show. */
export function randomGroupingSets(
  draft: Draft,
  groups: readonly Operand[],
): { readonly by: string; readonly shown: readonly Operand[]; readonly outputs: readonly Operand[] } {
  const { random } = draft;
  const form = draft.pick(forms);
  const names = groups.map(({ sql }) => sql);
  const by = form.write(names);
  if (form.feature === "empty GROUPING SETS") return { by, shown: [], outputs: [] };
  const grouping = draft.use("GROUPING()", 0.6)
    ? [{ sql: `grouping(${random.shuffle(names).join(", ")})`, kind: kindById("num") }]
    : [];
  return { by, shown: groups, outputs: grouping };
}
