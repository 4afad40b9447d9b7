/**
 * Connection URLs may list several hosts (`postgres://u@h1:5432,h2/db`, as libpq has it), which the URL standard does not know.
 */
const AUTHORITY = /^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)([^/?#]*)/i;

/** The hosts of such a URL as written, `host`, `host:port` or `[address]:port` each; one empty text where there is none. */
export function urlHosts(text: string): readonly string[] {
  return (AUTHORITY.exec(text)?.[2] ?? "").split(",");
}

/** The URL with the first of its hosts alone, which the URL standard can read. */
export function firstHostUrl(text: string): string {
  return text.replace(AUTHORITY, (_whole, before: string, hosts: string) => before + (hosts.split(",")[0] ?? ""));
}
