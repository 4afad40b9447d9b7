export * from "./change-source.ts";
export * from "./change.ts";
export * from "./commit.ts";
export * from "./engine.ts";
export * from "./outbox-layout.ts";
export * from "./rows.ts";
export * from "./table.ts";
export * from "./view-layout.ts";
