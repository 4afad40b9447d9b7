/** First byte of jsonb's send format. */
const VERSION = 1;

/** jsonb's send format of a text that is as jsonb's output function prints it. */
export function jsonbBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text, "utf8"));
  bytes[0] = VERSION;
  bytes.write(text, 1, "utf8");
  return bytes;
}
