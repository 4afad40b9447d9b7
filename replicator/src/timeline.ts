import { type Lsn, formatLsn, parseLsn } from "@freshet/values";

/** Where a timeline was left for the next one. */
export interface TimelineEnd {
  readonly timeline: number;
  readonly end: Lsn;
}

/** A server's timeline, and those that it came of. */
export interface TimelineFacts {
  readonly timeline: number;
  readonly ancestors: readonly TimelineEnd[];
}

/** Reads a timeline history file: one line for each ancestor, with the place where it was left. */
export function parseTimelineHistory(content: string): readonly TimelineEnd[] {
  return content.split("\n").flatMap((line) => {
    const [, timeline, position] = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line) ?? [];
    const end = position === undefined ? undefined : parseLsn(position);
    return end === undefined ? [] : [{ timeline: Number(timeline), end }];
  });
}

/**
 * Why a state that is made of `timeline` up to `lsn` need not be one of the server's past: a promotion leaves behind what the promoted server had not got. Undefined: the
 * server's own log begins with all of it.
 */
export function whyNotInHistory(facts: TimelineFacts, timeline: number, lsn: Lsn): string | undefined {
  if (facts.timeline === timeline) return undefined;
  const ancestor = facts.ancestors.find((one) => one.timeline === timeline);
  if (ancestor === undefined) return `the upstream is on timeline ${facts.timeline}, the state on ${timeline}`;
  if (lsn <= ancestor.end) return undefined;
  return `timeline ${timeline} was left at ${formatLsn(ancestor.end)}, the state has what came up to ${formatLsn(lsn)}`;
}
