import type { JoinExpr, Node } from "libpg-query";

/**
 * The ON conditions of a FROM clause that say of every result row what a WHERE condition would: those of inner joins, which no outer join
 * may pad.
 */
export function innerJoinConditions(from: readonly Node[]): readonly Node[] {
  return from.flatMap((item) => ("JoinExpr" in item ? conditionsOf(item.JoinExpr) : []));
}

function conditionsOf({ jointype, larg, rarg, quals }: JoinExpr): readonly Node[] {
  const within = (side: Node | undefined): readonly Node[] => (side === undefined ? [] : innerJoinConditions([side]));
  switch (jointype) {
    case "JOIN_INNER":
      return [...within(larg), ...within(rarg), ...(quals === undefined ? [] : [quals])];
    case "JOIN_LEFT":
      return within(larg);
    case "JOIN_RIGHT":
      return within(rarg);
    default:
      return [];
  }
}
