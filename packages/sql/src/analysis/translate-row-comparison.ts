import { must } from "@freshet/base";
import type { CallExpression, Expression } from "../plan/expression.ts";
import type { TreeNode } from "./node-tree.ts";
import { rangeOf } from "./operators.ts";
import type { QueryScope } from "./query-scope.ts";
import { checkedFunction } from "./translate-call.ts";
import { BOOL_TYPE } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

const UNKNOWN: Expression = { kind: "constant", value: null, type: BOOL_TYPE };
const TRUE: Expression = { kind: "constant", value: "\x01", type: BOOL_TYPE };
const FALSE: Expression = { kind: "constant", value: "\0", type: BOOL_TYPE };

/**
 * `(a, b) < (c, d)` and its like: the first pair that is not equal decides, and NULL in it or before it makes the
 * result NULL. (Rows are compared by `=` and `<>` as conjunctions and disjunctions.)
 */
export function translateRowComparison(node: TreeNode, scope: QueryScope): Expression {
  const left = node.nodes("largs").map((item) => scope.translate(item));
  const right = node.nodes("rargs").map((item) => scope.translate(item));
  const collations = node.ints("inputcollids");
  const comparisons = node.ints("opnos").map((operator, index): CallExpression => {
    const inputCollation = must(collations[index]);
    const { functionOid } = must(scope.catalog.operators.get(operator), "an operator that the catalog does not have");
    const args = [must(left[index]), must(right[index])] as const;
    const info = checkedFunction(functionOid, args[0].type.typeOid, inputCollation, scope);
    return { kind: "call", name: info.symbol, functionOid, strict: true, inputCollation, args, type: BOOL_TYPE };
  });
  const last = must(comparisons.at(-1), "a row without columns");
  return comparisons.slice(0, -1).reduceRight<Expression>(decideBefore, last);
}

/** Lets the pair of `comparison` decide, unless it is equal: then `rest`. */
function decideBefore(rest: Expression, comparison: CallExpression): Expression {
  const operator = rangeOf(comparison.name)?.operator;
  if (operator === undefined) throw unsupported("a comparison of rows by an operator that is not known here");
  const stem = comparison.name.slice(0, -2);
  const less: Expression = { ...comparison, name: `${stem}lt`, functionOid: 0 };
  const greater: Expression = { ...comparison, name: `${stem}gt`, functionOid: 0 };
  const isNull = comparison.args.map((arg): Expression => ({ kind: "is-null", arg, type: BOOL_TYPE }));
  const isLess = operator.startsWith("<");
  return {
    kind: "case",
    arms: [
      { when: less, then: isLess ? TRUE : FALSE },
      { when: greater, then: isLess ? FALSE : TRUE },
      { when: { kind: "or", args: isNull, type: BOOL_TYPE }, then: UNKNOWN },
    ],
    otherwise: rest,
    type: BOOL_TYPE,
  };
}
