/** An SQL identifier that names exactly `name`. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * An SQL string constant, whatever the session's `standard_conforming_strings`. Not for replication commands, whose
 * grammar knows no E'…'.
 */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}
