/**
 * A text's UTF-8 bytes as a string of one character per byte. The parser's locations are byte offsets,
 * so in this form they index and slice directly. Of an ASCII text it is the text itself.
 */
export function toByteText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

export function fromByteText(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
}

/** The 1-based character (code point) position of a UTF-16 offset, as ErrorResponse counts. */
export function characterPosition(text: string, offset: number): number {
  let position = 1;
  for (let at = 0; at < offset; position++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return position;
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
