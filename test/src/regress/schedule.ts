/** The files of a pg_regress schedule in their order. A later one may need what an earlier one has made. */
export function scheduledFiles(schedule: string): string[] {
  const lines = schedule.split("\n").filter((line) => line.startsWith("test:"));
  return lines.flatMap((line) => line.slice("test:".length).split(/\s+/)).filter((name) => name !== "");
}
