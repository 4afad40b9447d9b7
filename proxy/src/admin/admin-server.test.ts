import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@freshet/base";
import { createEngine } from "@freshet/engine";
import { MemoryStore } from "@freshet/store";
import { expect, test } from "vitest";
import { CacheCatalog } from "../caches/cache-catalog.ts";
import { CatalogFile } from "../caches/catalog-file.ts";
import { fakeFills } from "../testing/fake-fills.ts";
import { AdminServer } from "./admin-server.ts";
import { Metrics } from "./metrics.ts";

test("machines are told whether it lives, whether it is ready, and the metrics", async () => {
  const folder = mkdtempSync(join(tmpdir(), "freshet-admin-"));
  const catalog = new CacheCatalog(new CatalogFile(join(folder, "caches.json")));
  const engine = createEngine(new MemoryStore());
  const fills = fakeFills();
  const metrics = new Metrics({ kept: () => ({ bytes: 0, largeBytes: 0 }), relayBytes: () => 0 }, () => ({
    catalog,
    partialKeys: () => engine.stats(),
    stored: async () => (await engine.status()).caches,
    invalidate: { ...fills, answers: fills.store },
    calls: { calls: 0, failures: 0, statements: 0, seconds: 0 },
    lag: () => ({ milliseconds: null, bytes: 7 }),
    appliedLsn: () => 5n,
    queueBytes: () => 0,
    slotRetainedBytes: () => null,
    writeBackLags: () => [],
  }));
  let missing: string | null = "cache a: building";
  const server = new AdminServer({
    metrics: () => metrics.registry.metrics(),
    notReady: () => missing,
    logger: silentLogger(),
  });
  const { host, port } = await server.listen("127.0.0.1", 0);
  const ask = async (path: string, method: string = "GET"): Promise<[number, string]> => {
    const response = await fetch(`http://${host}:${port}${path}`, { method });
    return [response.status, await response.text()];
  };
  try {
    expect(await ask("/healthz")).toEqual([200, "ok\n"]);
    expect(await ask("/readyz?verbose")).toEqual([503, "cache a: building\n"]);
    missing = null;
    expect(await ask("/readyz")).toEqual([200, "ready\n"]);
    expect(await ask("/readyz", "HEAD")).toEqual([200, ""]);
    expect(await ask("/", "POST")).toEqual([405, "only GET\n"]);
    expect((await ask("/nothing"))[0]).toBe(404);
    const [status, text] = await ask("/metrics");
    expect(status).toBe(200);
    expect(text).toContain("freshet_");
    const second = new AdminServer({
      metrics: () => metrics.registry.metrics(),
      notReady: () => null,
      logger: silentLogger(),
    });
    await expect(second.listen("127.0.0.1", port)).rejects.toThrow(/cannot listen on the admin address/);
    await second.close();
  } finally {
    await server.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
});
