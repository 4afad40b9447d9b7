/** Settings by name, as `set_config` takes them. */
export type Settings = ReadonlyMap<string, string>;

/** What a server connection needs before a session with settings `wanted` may use it; null: nothing. */
export function replaySql(applied: Settings, wanted: Settings, unknownSettings: boolean): string | null {
  if (!unknownSettings && areSame(applied, wanted)) return null;
  const gone = [...applied.keys()].filter((name) => !wanted.has(name));
  const reset = unknownSettings || gone.length > 0;
  const changed = [...wanted].filter(([name, value]) => reset || applied.get(name) !== value);
  const role = changed.find(([name]) => name === "role");
  const others = changed.filter(([name]) => name !== "role");
  const statements: string[] = [];
  // Under another role the settings of a superuser could not be put back.
  if (applied.has("role") && (reset || changed.length > 0)) {
    statements.push("RESET ROLE");
    const same = wanted.get("role");
    if (role === undefined && same !== undefined) changed.push(["role", same]);
  }
  if (reset) statements.push("RESET ALL");
  if (others.length > 0) statements.push(`SELECT ${others.map(([name, value]) => setConfig(name, value)).join(", ")}`);
  const last = changed.find(([name]) => name === "role");
  if (last !== undefined) statements.push(`SELECT ${setConfig(...last)}`);
  return statements.length === 0 ? null : statements.join("; ");
}

function areSame(applied: Settings, wanted: Settings): boolean {
  if (applied === wanted) return true;
  if (applied.size !== wanted.size) return false;
  for (const [name, value] of wanted) if (applied.get(name) !== value) return false;
  return true;
}

function setConfig(name: string, value: string): string {
  return `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`;
}

/** An escape string means the same whatever standard_conforming_strings and client_encoding are. */
function literal(text: string): string {
  const escaped = text.replace(/['\\]/g, "$&$&").replace(/[^\0-\x7f]/gu, (character) => {
    return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`;
  });
  return `E'${escaped}'`;
}
