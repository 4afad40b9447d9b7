import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { DiskRoom } from "./disk-room.ts";

test("what has to stay free on the disk is asked for, unless nothing has to", async () => {
  await new DiskRoom(tmpdir(), 1).assertLeft();
  await new DiskRoom("/nowhere", 0).assertLeft();
  const refused = new DiskRoom(tmpdir(), Number.MAX_SAFE_INTEGER).assertLeft();
  await expect(refused).rejects.toMatchObject({ code: "54000", hint: expect.stringContaining("--store-free-bytes") });
});
