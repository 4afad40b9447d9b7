import { EvaluationError } from "../evaluation-error.ts";

/** SQLSTATEs of jsonpath (PostgreSQL manual, appendix A). */
export const PathState = {
  invalidDatetimeArgument: "22031",
  invalidSubscript: "22033",
  nonNumericItem: "22036",
  singletonRequired: "22038",
  arrayNotFound: "22039",
  memberNotFound: "2203A",
  numberNotFound: "2203B",
  objectNotFound: "2203C",
  undefinedObject: "42704",
} as const;

/** An error that a path meets, and that its caller or a predicate around it may suppress. */
export class PathError extends EvaluationError {}

export function pathError(code: keyof typeof PathState, message: string): PathError {
  return new PathError(PathState[code], message);
}
