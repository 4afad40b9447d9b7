import { FreshetError, SqlState, silentLogger } from "@freshet/base";
import type { UpstreamCallRequest } from "@freshet/contract";
import { packRow, unpackRow } from "@freshet/values";
import { expect, test } from "vitest";
import type { StatementOutcome } from "./call-connection.ts";
import { CallClient } from "./call-client.ts";

const byte = (value: number): Buffer => Buffer.from([value]);
const lists = (count: number): Buffer[] => Array.from({ length: count }, (_unused, index) => packRow([byte(index)]));

/** A client whose statements are answered by `answer`, given the arguments; and the sizes of these statements. */
function clientOf(answer: (values: readonly number[], statement: number) => StatementOutcome | FreshetError): {
  readonly client: CallClient;
  readonly sizes: number[];
} {
  const sizes: number[] = [];
  const run = async (request: UpstreamCallRequest): Promise<StatementOutcome> => {
    const values = request.lists.map((list) => unpackRow(list)[0]?.[0] ?? -1);
    sizes.push(values.length);
    const outcome = answer(values, sizes.length);
    if (outcome instanceof FreshetError) throw outcome;
    return outcome;
  };
  const open = async (): ReturnType<ConstructorParameters<typeof CallClient>[0]["open"]> => ({
    run,
    usable: true,
    close: () => undefined,
  });
  const client = new CallClient({
    open,
    batch: 4,
    reconnect: { minMs: 1, maxMs: 2 },
    clock: () => 0,
    logger: silentLogger(),
  });
  return { client, sizes };
}

const request = (count: number): UpstreamCallRequest => {
  return { parts: ["f(", ")"], argumentTypes: [18], role: "r", searchPath: [], lists: lists(count) };
};
const same = (values: readonly number[]): StatementOutcome => ({ values: values.map(byte) });

test("calls go in statements of the batch's size, and come back in order", async () => {
  const { client, sizes } = clientOf(same);
  expect(await client.call(request(10))).toEqual(lists(10).map((_list, index) => ({ value: byte(index) })));
  expect(sizes).toEqual([4, 4, 2]);
  expect([client.calls, client.failures, client.statements]).toEqual([10, 0, 3]);
});

test("a call that fails fails alone", async () => {
  const { client, sizes } = clientOf((values) => (values.includes(2) ? { failure: "P0001" } : same(values)));
  const outcomes = await client.call(request(5));
  expect(outcomes.map((outcome) => ("failure" in outcome ? outcome.failure : outcome.value?.[0]))).toEqual([
    0,
    1,
    "P0001",
    3,
    4,
  ]);
  expect(sizes).toEqual([4, 2, 2, 1, 1, 1]);
  expect(client.failures).toBe(1);
});

test("after some calls that are too slow by themselves the rest is not tried", async () => {
  const { client, sizes } = clientOf(() => ({ failure: SqlState.queryCanceled }));
  const outcomes = await client.call(request(9));
  expect(outcomes).toEqual(lists(9).map(() => ({ failure: SqlState.queryCanceled })));
  expect(sizes).toEqual([4, 1, 1, 1]);
});

test("the upstream's own trouble is waited for, a lost connection too", async () => {
  const { client, sizes } = clientOf((values, statement) => {
    if (statement === 1) return new FreshetError(SqlState.cannotConnect, "gone");
    return statement === 2 ? { failure: "53300" } : same(values);
  });
  expect(await client.call(request(1))).toEqual([{ value: byte(0) }]);
  expect(sizes).toEqual([1, 1, 1]);
});

test("who waits is told when Freshet stops", async () => {
  const { client } = clientOf(() => new FreshetError(SqlState.cannotConnect, "gone"));
  const asked = client.call(request(1));
  client.stop();
  await expect(asked).rejects.toThrow("Freshet is shutting down");
  await expect(client.call(request(1))).rejects.toThrow("Freshet is shutting down");
});
