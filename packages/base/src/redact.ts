const mask = "***";

/** `text` with the passwords of connection URLs and of `password=…` settings masked. */
export function redact(text: string): string {
  return text
    .replace(/(\bpostgres(?:ql)?:\/\/[^\s:@/"']*:)[^\s"']*?@(?=[^@\s"']*(?:[\s"']|$))/gi, `$1${mask}@`)
    .replace(/\b(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&"',;]+)/gi, `$1${mask}`);
}
