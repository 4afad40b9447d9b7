import path from "node:path";
import { describe, expect, test } from "vitest";
import { readManifest, readReferences, readRepositoryFile, repositoryFiles, workspaces } from "./tidy/repository.ts";

const files = repositoryFiles();
const texts = files.filter((file) => !/\.(png|ico|gz)$/.test(file));
const sources = files.filter((file) => /\/src\/.*\.ts$/.test(file));

/** `file:line: text` of every line that matches. */
function linesWith(pattern: RegExp, among: readonly string[]): string[] {
  return among.flatMap((file) =>
    readRepositoryFile(file)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

/** Written in pieces, so that this file does not match itself. */
function word(...pieces: readonly string[]): string {
  return pieces.join("");
}

test("there are files to look at", () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(workspaces().length).toBeGreaterThan(10);
});

describe("no file contains", () => {
  test.each([
    ["a path of somebody's machine", new RegExp(word("/wo", "rk/|/ro", "ot/\\w|/ho", "me/(?!node\\b)\\w+/"))],
    ["a package registry's address", new RegExp(word("https?://regis", "try\\.|npm", "js\\.org/.*\\.tgz"))],
    ["an unfinished note", new RegExp(word("\\b(TO", "DO|FIX", "ME|XX", "X)\\b"))],
    ["a merge conflict", /^(<{7}|>{7}) /],
  ])("%s", (_, pattern) => {
    expect(linesWith(pattern, texts)).toEqual([]);
  });
});

describe("no source file", () => {
  test("leaves a test out or runs one alone", () => {
    const pattern = new RegExp(word("\\b(test|it|describe)\\.(on", "ly|sk", "ip|to", "do)\\b"));
    expect(linesWith(pattern, sources)).toEqual([]);
  });

  test("gets round the type checker", () => {
    const pattern = new RegExp(word("as unknown ", "as |@ts-(ign", "ore|expect-", "error|noch", "eck)"));
    expect(linesWith(pattern, sources)).toEqual([]);
  });

  test("has a name other than in kebab-case", () => {
    const wrong = sources.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*\.ts$/.test(path.basename(file)));
    expect(wrong).toEqual([]);
  });
});

describe("every workspace", () => {
  test.each(workspaces().map((workspace) => [workspace.folder, workspace] as const))(
    "%s refers to the packages that it depends on, and to no others",
    (_, { manifest, references }) => {
      const folders = new Map(workspaces().map((other) => [other.manifest.name, other.folder]));
      const needed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
        .map((name) => folders.get(name))
        .filter((folder) => folder !== undefined);
      expect([...references].sort()).toEqual(needed.sort());
    },
  );

  test("is built", () => {
    const folders = workspaces().map(({ folder }) => folder);
    expect(readReferences(".").sort()).toEqual(folders.sort());
  });
});

test("dependencies have exact versions", () => {
  const manifests = [readManifest("package.json"), ...workspaces().map(({ manifest }) => manifest)];
  const versions = manifests.flatMap((manifest) =>
    Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).map(
      ([name, version]) => `${name} ${version}`,
    ),
  );
  expect(versions.filter((entry) => !/ (npm:[a-z-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(entry))).toEqual([]);
});

test("the dashboard shows only metrics that Freshet has", () => {
  const dashboard = readRepositoryFile("docker/grafana/dashboards/freshet.json");
  const shown = new Set(Array.from(dashboard.matchAll(/\bfreshet_[a-z_]+/g), ([name]) => name.replace(/_bucket$/, "")));
  const programs = sources
    .filter((file) => file.startsWith("proxy/src/") && !file.endsWith(".test.ts"))
    .map((file) => readRepositoryFile(file))
    .join("\n");
  expect(shown.size).toBeGreaterThan(5);
  expect([...shown].filter((name) => !programs.includes(`"${name}"`))).toEqual([]);
});
