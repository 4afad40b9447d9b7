import type { BoundParameters } from "../session/front-ports.ts";

/** One string per execution that PostgreSQL could answer differently: equal keys, equal answers at one LSN. */
export function answerKey(
  cacheId: number,
  fingerprint: string,
  text: string,
  parameters: BoundParameters | null,
  formats: readonly number[],
): string {
  let key = `${cacheId} ${formats.join()} ${fingerprint.length} ${fingerprint}${text.length} ${text}`;
  parameters?.values.forEach((value, index) => {
    key += ` ${parameters.typeOids[index] ?? 0} ${parameters.formats[index] ?? 0} `;
    key += value === null ? "null" : `${value.length} ${value.toString("latin1")}`;
  });
  return key;
}
