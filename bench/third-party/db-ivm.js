export {
  D2,
  MultiSet,
  distinct,
  filter,
  groupBy,
  groupByOperators,
  join,
  map,
  output,
  reduce,
  topKWithFractionalIndex,
} from "@tanstack/db-ivm";
