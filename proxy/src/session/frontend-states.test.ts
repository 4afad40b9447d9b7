import { FrontendType } from "@freshet/wire";
import { describe, expect, it } from "vitest";
import { type FrontendState, frontendAction } from "./frontend-states.ts";

const STATES: readonly FrontendState[] = ["open", "skipping", "copying"];

describe("what is done with a message", () => {
  it("follows from its type byte and the state", () => {
    expect(frontendAction("open", FrontendType.query)).toBe("query");
    expect(frontendAction("open", FrontendType.functionCall)).toBe("function-call");
    expect(frontendAction("skipping", FrontendType.query)).toBe("discard");
    expect(frontendAction("skipping", FrontendType.sync)).toBe("sync");
    expect(frontendAction("copying", FrontendType.sync)).toBe("relay");
    expect(frontendAction("copying", FrontendType.copyDone)).toBe("copy-end");
  });

  it("is to leave to the upstream what nobody knows", () => {
    const known = new Set<number>(Object.values(FrontendType));
    for (const state of STATES) {
      for (let type = 0; type < 256; type++) if (!known.has(type)) expect(frontendAction(state, type)).toBe("relay");
      expect(frontendAction(state, FrontendType.terminate)).toBe("terminate");
    }
  });
});
