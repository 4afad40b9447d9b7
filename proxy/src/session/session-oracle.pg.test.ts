import { runsMultiplier, sampleSeed } from "@freshet/base";
import {
  decodeErrorFields,
  decodeRowDescription,
  encodeBind,
  encodeClose,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from "@freshet/wire";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PooledProxy, startPooledProxy } from "./testing/pooled-postgres.ts";
import { type ProxiedPostgres, startProxiedPostgres } from "./testing/proxied-postgres.ts";
import { RawClient, type ReceivedMessage } from "./testing/raw-client.ts";
import { BY_KEY, CACHED, query } from "./testing/statements.ts";

/** Fixed unless FC_SEED says otherwise, so that a run tells of the change and not of its luck. */
const seed = sampleSeed();
const numRuns = 120 * runsMultiplier();
const MARKER = "SELECT 'the end'";

let proxied: ProxiedPostgres;
/** Before the same server, with connections shared between clients. */
let pooled: PooledProxy;

beforeAll(async () => {
  proxied = await startProxiedPostgres();
  const setup = await RawClient.login(proxied.port, proxied.upstream);
  // The same rows upstream as in the fake cache, so that hits and misses must look alike.
  await query(setup, "CREATE TABLE cached_rows (n int, origin text)");
  await query(setup, "INSERT INTO cached_rows SELECT n, 'cached' FROM generate_series(1, 3) n");
  await query(setup, "CREATE TABLE written (a int)");
  setup.close();
  pooled = await startPooledProxy(proxied.upstream, { poolMode: "transaction", defaultPoolSize: 2 });
});
afterAll(async () => {
  await pooled.stop();
  await proxied.stop();
});

interface Step {
  readonly what: string;
  readonly bytes: Buffer;
}

const statementName = fc.constantFrom("", "a", "b");
const portalName = fc.constantFrom("", "p");
// Left out: what PostgreSQL refuses behind another Execute of one pipeline (DISCARD ALL, VACUUM …), as it does not see hits.
const text = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(CACHED, BY_KEY) },
  { weight: 2, arbitrary: fc.constantFrom("SELECT 5", "SELEC", "SELECT 1/0", "", "INSERT INTO written VALUES (1)") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("BEGIN", "COMMIT", "ROLLBACK", "DEALLOCATE a", "SET DateStyle TO 'ISO, DMY'"),
  },
);
const values = fc.constantFrom<string[]>([], ["2"], ["7"], ["x"]);
const formats = fc.constantFrom<number[]>([], [0], [1]);
const target = fc.constantFrom("statement" as const, "portal" as const);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(statementName, text)
      .map(([name, sql]) => ({ what: `Parse ${name}: ${sql}`, bytes: encodeParse(name, sql) })),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(portalName, statementName, values, formats)
      .map(([portal, statement, bound, resultFormats]) => ({
        what: `Bind ${portal} of ${statement} (${bound.join()}) ${resultFormats.join()}`,
        bytes: encodeBind({ portal, statement, values: bound, resultFormats }),
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(target, statementName)
      .map(([kind, name]) => ({ what: `Describe ${kind} ${name}`, bytes: encodeDescribe(kind, name) })),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(portalName, fc.nat(3))
      .map(([portal, limit]) => ({ what: `Execute ${portal} ${limit}`, bytes: encodeExecute(portal, limit) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(target, statementName)
      .map(([kind, name]) => ({ what: `Close ${kind} ${name}`, bytes: encodeClose(kind, name) })),
  },
  { weight: 4, arbitrary: fc.constant({ what: "Sync", bytes: encodeSync() }) },
  { weight: 1, arbitrary: fc.constant({ what: "Flush", bytes: encodeFlush() }) },
  { weight: 1, arbitrary: text.map((sql) => ({ what: `Query ${sql}`, bytes: encodeQuery(sql) })) },
);
/** Whole runs of a statement, so that enough of them succeed. */
const usual = fc.tuple(text, values, formats).map(([sql, bound, resultFormats]) => ({
  what: `Run ${sql} (${bound.join()}) ${resultFormats.join()}`,
  bytes: Buffer.concat([
    encodeParse("", sql),
    encodeBind({ values: bound, resultFormats }),
    encodeDescribe("portal", ""),
    encodeExecute(""),
  ]),
}));

/** All that a connection answers to the steps; sent at once, or each on its own. */
async function answers(port: number, steps: readonly Step[], together: boolean): Promise<string[]> {
  const client = await RawClient.login(port, proxied.upstream);
  const tail = [encodeSync(), encodeQuery("ROLLBACK"), encodeQuery(MARKER)];
  const all = [...steps.map((one) => one.bytes), ...tail];
  if (together) client.send(...all);
  else for (const bytes of all) await sendAlone(client, bytes);
  const found: string[] = [];
  // A reply that never comes ends the run with what there was.
  const guard = setTimeout(() => client.close(), 3000);
  for (let message = await client.next(); message !== undefined; message = await client.next()) {
    found.push(summary(message));
    if (message.type === "D" && message.bytes.includes("the end")) break;
  }
  clearTimeout(guard);
  client.close();
  return found;
}

function sendAlone(client: RawClient, bytes: Buffer): Promise<void> {
  client.send(bytes);
  return new Promise((resolve) => setImmediate(resolve));
}

/** A message without what may differ: a column's table, an error's texts. */
function summary({ type, bytes }: ReceivedMessage): string {
  if (type === "E" || type === "N") return `${type} ${decodeErrorFields(bytes, 0, bytes.length).get("C")}`;
  if (type !== "T") return bytes.toString("latin1");
  const fields = decodeRowDescription(bytes, 0, bytes.length);
  return `T ${JSON.stringify(fields.map(({ name, typeOid, format }) => [name, typeOid, format]))}`;
}

describe("a session through the proxy", () => {
  it.each([
    [true, "own"],
    [false, "own"],
    [true, "shared"],
    [false, "shared"],
  ] as const)(
    "answers any sequence of messages as PostgreSQL does (sent together: %s, server connection: %s)",
    async (together, connection) => {
      const { port, front } = connection === "own" ? proxied : pooled;
      const steps = fc.array(fc.oneof({ weight: 3, arbitrary: step }, { weight: 1, arbitrary: usual }), {
        maxLength: 25,
      });
      await fc.assert(
        fc.asyncProperty(steps, fc.boolean(), async (sequence, slow) => {
          front.slow = slow;
          const direct = await answers(proxied.upstream.port, sequence, together);
          // PostgreSQL's own internal error (mixing Query into an open pipeline) is no answer to be like.
          fc.pre(!direct.some((answer) => answer.startsWith("E XX000")));
          const through = await answers(port, sequence, together);
          const what = sequence.map((one) => one.what);
          expect({ what, answers: through }).toEqual({ what, answers: direct });
        }),
        { numRuns, seed },
      );
    },
  );
});
