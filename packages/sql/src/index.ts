export * from "./plan/expression.ts";
export * from "./plan/plan.ts";
export * from "./plan/query-plan.ts";
export * from "./analysis/analysis-connection.ts";
export * from "./analysis/plan-statement.ts";
export * from "./command/command.ts";
export * from "./statement/shape.ts";
