import { encodeBind, encodeDescribe, encodeExecute, encodeParse, encodeQuery, encodeSync } from "@freshet/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ProxiedPostgres, startProxiedPostgres } from "./testing/proxied-postgres.ts";
import { RawClient, errorOf, types } from "./testing/raw-client.ts";

const CACHED = "SELECT n, origin FROM cached_rows";
const BY_KEY = `${CACHED} WHERE n = $1`;

let proxied: ProxiedPostgres;
let client: RawClient;

beforeAll(async () => {
  proxied = await startProxiedPostgres();
  const setup = await RawClient.login(proxied.port, proxied.upstream.user ?? "", proxied.upstream.database ?? "");
  setup.send(encodeQuery("CREATE TABLE IF NOT EXISTS cached_rows (n int, origin text)"));
  await setup.untilReady();
  setup.send(encodeQuery("TRUNCATE cached_rows; INSERT INTO cached_rows VALUES (1, 'upstream'), (2, 'upstream')"));
  await setup.untilReady();
  setup.close();
});

afterAll(() => proxied.stop());

beforeEach(async () => {
  client = await RawClient.login(proxied.port, proxied.upstream.user ?? "", proxied.upstream.database ?? "");
  return () => client.close();
});

describe("a simple query", () => {
  it("is answered by a cache or forwarded", async () => {
    client.send(encodeQuery(CACHED));
    const hit = await client.untilReady();
    expect(types(hit)).toBe("TDDDCZ");
    client.send(encodeQuery("SELECT 1"));
    expect(types(await client.untilReady())).toBe("TDCZ");
  });

  it("relays an error", async () => {
    client.send(encodeQuery("SELEC"));
    const messages = await client.untilReady();
    expect(errorOf(messages)).toMatch(/^42601 /);
  });
});

describe("the extended protocol", () => {
  it("keeps the order of hits and misses in one pipeline", async () => {
    const run = (text: string): Buffer[] => [encodeParse("", text), encodeBind({}), encodeDescribe("portal", ""), encodeExecute("")];
    client.send(encodeQuery(CACHED));
    await client.untilReady();
    client.send(...run(CACHED), ...run("SELECT 5"), ...run(CACHED), encodeSync());
    expect(types(await client.untilReady())).toBe("12TDDDC12TDC12TDDDCZ");
  });

  it("answers a parameterised statement", async () => {
    client.send(encodeParse("s", BY_KEY), encodeDescribe("statement", "s"), encodeSync());
    expect(types(await client.untilReady())).toBe("1tTZ");
    client.send(encodeBind({ statement: "s", values: ["2"] }), encodeExecute(""), encodeSync());
    expect(types(await client.untilReady())).toBe("2DCZ");
  });
});
