import { inspectStatement, loadParser } from "@freshet/sql";
import { beforeAll, expect, test } from "vitest";
import { blockStatement, mayAskTheTime } from "./block-statement.ts";

beforeAll(() => loadParser());

function read(text: string, readOnlyDefault = false): unknown {
  const info = inspectStatement(text);
  expect(info.kind).toBe("transaction");
  return blockStatement(info, readOnlyDefault);
}

test.each([
  "BEGIN READ ONLY",
  "begin work read only;",
  "BEGIN /* reads */ TRANSACTION READ ONLY",
  "START TRANSACTION READ ONLY",
  "START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY, NOT DEFERRABLE",
  "BEGIN ISOLATION LEVEL READ UNCOMMITTED READ ONLY DEFERRABLE",
  "BEGIN READ WRITE READ ONLY",
])("begins a block that may be a standby's: %s", (text) => {
  expect(read(text)).toBe("begin");
});

test.each(["COMMIT", "END", "ROLLBACK", "ABORT WORK", "commit transaction ;", "COMMIT AND NO CHAIN"])(
  "ends one: %s",
  (text) => {
    expect(read(text)).toBe("end");
  },
);

test("the session's default counts where nothing else is said", () => {
  expect(read("BEGIN", true)).toBe("begin");
  expect(read("BEGIN", false)).toEqual({ obstacle: "transaction block that may write" });
  expect(read("BEGIN READ WRITE", true)).toEqual({ obstacle: "transaction block that may write" });
});

test.each([
  ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "isolation level of the transaction block"],
  ["BEGIN READ ONLY, ISOLATION LEVEL SERIALIZABLE, DEFERRABLE", "isolation level of the transaction block"],
  ["SAVEPOINT a", "not only reads"],
  ["ROLLBACK TO SAVEPOINT a", "not only reads"],
  ["RELEASE a", "not only reads"],
  ["COMMIT AND CHAIN", "not only reads"],
  ["PREPARE TRANSACTION 'x'", "not only reads"],
  ["COMMIT PREPARED 'x'", "not only reads"],
])("is the primary's: %s", (text, obstacle) => {
  expect(read(text)).toEqual({ obstacle });
});

test("the transaction's time is noticed in texts and in values", () => {
  const asks = (text: string): boolean => mayAskTheTime(Buffer.from(text));
  for (const text of ["SELECT now()", "SELECT 'NOW'::timestamptz", "\0\0\0\x03now", "SELECT CURRENT_DATE", "age (t)"])
    expect([text, asks(text)]).toEqual([text, true]);
  for (const text of ["SELECT a FROM t WHERE page = 1", "SELECT clock FROM w", "SELECT date_trunc('day', t)"])
    expect([text, asks(text)]).toEqual([text, false]);
});
