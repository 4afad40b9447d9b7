import type { Miss, MissReason, PreparedRoute } from "../session/front-ports.ts";

export function miss(reason: MissReason, detail: string | null, cache: string | null): Miss {
  return { kind: "miss", reason, detail, cache };
}

export function notSelect(kind: PreparedRoute["info"]["kind"]): MissReason {
  if (kind === "multiple") return "multiple_statements";
  return kind === "invalid" ? "not_parsed" : "not_select";
}
