import type { SeededRandom } from "@freshet/base";
import type { OracleQuery } from "../oracle-case.ts";
import type { Schema } from "../schema.ts";
import { distinctOnSelect, withTiesSelect } from "./chosen-rows.ts";
import { Draft, type Operand, type QueryWishes } from "./draft.ts";
import { groupedSelect } from "./grouped-select.ts";
import { plainSelect } from "./plain-select.ts";
import type { SelectForm } from "./select.ts";
import { setOperation } from "./set-operation.ts";
import { topOfEach, windowOverGroups, windowSelect } from "./windows.ts";

const selectForms: readonly SelectForm[] = [
  { feature: "plain SELECT", weight: 5, write: plainSelect },
  { feature: "GROUP BY", weight: 4, write: groupedSelect },
  { feature: "set operation", weight: 1, write: setOperation },
  { feature: "DISTINCT ON", weight: 0.6, write: distinctOnSelect },
  { feature: "WITH TIES", weight: 0.6, write: withTiesSelect },
  { feature: "window functions", weight: 1.5, write: windowSelect },
  { feature: "first rows of each partition", weight: 0.5, write: topOfEach },
  { feature: "window over groups", weight: 0.5, write: windowOverGroups },
];

export function randomQuery(
  random: SeededRandom,
  schema: Schema,
  wishes: QueryWishes,
  favoured?: ReadonlySet<string>,
): OracleQuery {
  const draft = new Draft(random, schema, wishes, favoured);
  const isOrdered = !wishes.forTable && draft.use("ORDER BY", 0.35);
  const { core, outputs } = draft.pick(selectForms).write(draft, isOrdered);
  const order = isOrdered ? randomOrder(random, outputs) : [];
  return {
    core,
    order,
    tail: order.length === 0 ? "" : tail(order, draft),
    columns: outputs.length,
    parameters: draft.parameters,
    loose: draft.loose,
    features: [...draft.features].toSorted(),
  };
}

/** Items of ORDER BY, as `cN DESC`; empty for none. */
function randomOrder(random: SeededRandom, outputs: readonly Operand[]): string[] {
  const sortable = outputs.flatMap(({ kind }, index) => (kind.ordered ? [index + 1] : []));
  return random
    .shuffle(sortable)
    .slice(0, random.integer(1, 4))
    .map((position) => `c${position}${random.pick(["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"])}`);
}

function tail(order: readonly string[], draft: Draft): string {
  const by = `ORDER BY ${order.map((item) => item.slice(1)).join(", ")}`;
  const count = (low: number): string => {
    const values = [String(low), "1", "3", "10"];
    if (draft.random.chance(0.5)) return draft.random.pick(values);
    return `{{${draft.parameters.push({ form: "count", type: "int8", bare: true, values }) - 1}}}`;
  };
  const isFetch = draft.use("FETCH FIRST", 0.15);
  const limit = (): string => (isFetch ? ` FETCH FIRST ${count(2)} ROWS ONLY` : ` LIMIT ${count(2)}`);
  const isLimited = isFetch || draft.use("LIMIT", 0.6);
  const hasOffset = draft.use("OFFSET", 0.25);
  const offset = (): string => ` OFFSET ${count(0)}${isFetch ? " ROWS" : ""}`;
  if (!hasOffset) return `${by}${isLimited ? limit() : ""}`;
  if (isLimited && draft.use("OFFSET before LIMIT", 0.4)) return `${by}${offset()}${limit()}`;
  return `${by}${isLimited ? limit() : ""}${offset()}`;
}
