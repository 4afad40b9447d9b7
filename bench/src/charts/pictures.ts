import type { MixedResult } from "../cases/mixed.ts";
import type { ScalePoint, ScaleResult } from "../cases/scale.ts";
import type { CaseResults } from "../results.ts";
import { type Panel, panelsSpec } from "./panels.ts";

/** A picture of docs/, beside the report that shows it. */
export interface PictureFile {
  readonly file: string;
  readonly alternative: string;
  readonly spec: object;
}

/** The pictures of the cases that were measured. */
export function pictureFiles({ scale, mixed }: CaseResults): readonly PictureFile[] {
  const files: PictureFile[] = [];
  if (scale !== undefined) {
    files.push({
      file: "performance-scale.svg",
      alternative: "costs by the size of the state",
      spec: scalePicture(scale),
    });
  }
  if (mixed !== undefined) {
    files.push({
      file: "performance-mixed.svg",
      alternative: "readers and writers over time",
      spec: mixedPicture(mixed),
    });
  }
  return files;
}

const MEBIBYTE = 1024 ** 2;

/** What each row of state costs, from few rows to many. */
function scalePicture({ points }: ScaleResult): object {
  const panel = (
    title: string,
    yTitle: string,
    series: readonly (readonly [name: string, of: (point: ScalePoint) => number])[],
  ): Panel => ({
    title,
    xTitle: "rows of state",
    yTitle,
    logarithmic: true,
    series: series.map(([name, of]) => ({ name, points: points.map((point) => [point.rows, of(point)] as const) })),
  });
  return panelsSpec("What the size of the state costs", [
    panel("Latency of a hit, one client", "µs", [
      ["p50", ({ hitP50Us }) => hitP50Us],
      ["p99", ({ hitP99Us }) => hitP99Us],
    ]),
    panel("CPU time of a single-row commit", "µs", [["all threads", ({ cpuUsPerChange }) => cpuUsPerChange]]),
    panel("Restart until the first hit", "ms", [["after SIGTERM", ({ restartMs }) => restartMs]]),
    panel("Memory", "MiB", [
      ["resident", ({ residentBytes }) => residentBytes / MEBIBYTE],
      ["of it not mapped files", ({ anonymousBytes }) => anonymousBytes / MEBIBYTE],
    ]),
    panel("State on disk", "MiB", [["blocks in use", ({ diskBytes }) => diskBytes / MEBIBYTE]]),
    panel("CREATE CACHE, two caches with the copy", "s", [["both", ({ buildMs }) => buildMs / 1000]]),
  ]);
}

/** How the system does under readers and writers, second by second. */
function mixedPicture({ samples, writes }: MixedResult): object {
  const panel = (title: string, yTitle: string, series: Panel["series"]): Panel => ({
    ...{ title, yTitle, series },
    xTitle: "seconds",
    logarithmic: false,
  });
  const over = (of: (sample: MixedResult["samples"][number]) => number): [number, number][] =>
    samples.map((sample) => [sample.seconds, of(sample)]);
  const commits = Math.round(writes.items.made + writes.accounts.made).toLocaleString("en-US");
  return panelsSpec(`Readers beside ${commits} commits/s`, [
    panel("Hits", "per second", [{ name: "hits", points: over(({ hitsPerSecond }) => hitsPerSecond) }]),
    panel("From commit to visible", "ms", [{ name: "delay", points: over(({ visibleMs }) => visibleMs) }]),
    panel("Memory", "MiB", [
      { name: "resident", points: over(({ residentBytes }) => residentBytes / MEBIBYTE) },
      { name: "of it not mapped files", points: over(({ anonymousBytes }) => anonymousBytes / MEBIBYTE) },
    ]),
  ]);
}
