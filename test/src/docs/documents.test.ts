import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { configurationPage } from "./configuration.ts";
import { documentPath, firstColumn, readDocument, unionMembers } from "./documents.ts";

describe("the documents", () => {
  it("have the options as they are declared (npm run docs:generate)", async () => {
    expect(await readDocument("docs/configuration.md")).toBe(configurationPage());
  });

  it("explain every reason for a miss, and no other", async () => {
    const reasons = unionMembers(await readDocument("proxy/src/session/front-ports.ts"), "MissReason");
    expect(reasons.length).toBeGreaterThan(10);
    expect(firstColumn(await readDocument("docs/miss-reasons.md")).toSorted()).toEqual(reasons.toSorted());
  });

  it("lead nowhere but to files that are there", async () => {
    const names = ["README.md", "LIMITATIONS.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
    for (const name of await readdir(documentPath("docs"))) if (name.endsWith(".md")) names.push(`docs/${name}`);
    const dead: string[] = [];
    let links = 0;
    for (const name of names) {
      for (const [, target = ""] of (await readDocument(name)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (target.includes("://")) continue;
        links += 1;
        if (!existsSync(path.join(path.dirname(documentPath(name)), target))) dead.push(`${name}: ${target}`);
      }
    }
    expect(links).toBeGreaterThan(10);
    expect(dead).toEqual([]);
  });
});
