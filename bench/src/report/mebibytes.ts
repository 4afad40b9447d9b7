import { count } from "./targets.ts";

export function mebibytes(bytes: number): string {
  return count(Math.round(bytes / 1024 ** 2));
}
