import { afterEach, describe, expect, it } from "vitest";
import { StreamSession } from "./stream-session.ts";
import type { StreamSessionOptions } from "./stream-session.ts";
import type { FakeServer } from "./testing/fake-server.ts";
import { message, startFakeServer } from "./testing/fake-server.ts";

const copyBoth = message("W", Buffer.from([0, 0, 0]));
let server: FakeServer | undefined;
afterEach(() => server?.stop());

function xlogData(content: string): Buffer {
  return message("d", Buffer.from("w"), Buffer.alloc(24), Buffer.from(content));
}

function keepAlive(lsn: bigint, reply: boolean): Buffer {
  const body = Buffer.alloc(18);
  body.write("k");
  body.writeBigUInt64BE(lsn, 1);
  body[17] = reply ? 1 : 0;
  return message("d", body);
}

function options(url: string, more: Partial<StreamSessionOptions>): StreamSessionOptions {
  const nothing = (): void => undefined;
  return {
    url,
    slot: "slot",
    publication: "pub",
    from: 16n,
    walSenderTimeoutMs: 60_000,
    acknowledged: () => 0n,
    onMessage: nothing,
    onStart: nothing,
    onKeepAlive: nothing,
    onAlive: nothing,
    ...more,
  };
}

describe("StreamSession", () => {
  it("ends with the error of a message that cannot be read, and looks at no more", async () => {
    const queries: string[] = [];
    server = await startFakeServer((query) => {
      queries.push(query);
      return Buffer.concat([copyBoth, xlogData("good"), xlogData("bad"), xlogData("good"), keepAlive(99n, false)]);
    });
    const seen: string[] = [];
    const keepAlives: bigint[] = [];
    const onMessage = (bytes: Buffer): void => {
      seen.push(bytes.toString());
      if (seen.length === 2) throw new Error("unreadable");
    };
    const session = new StreamSession(options(server.url, { onMessage, onKeepAlive: (lsn) => keepAlives.push(lsn) }));
    await expect(session.run()).rejects.toThrow("unreadable");
    expect(seen).toEqual(["good", "bad"]);
    expect(keepAlives).toEqual([]);
    expect(queries[0]).toMatch(
      /^START_REPLICATION SLOT "slot" LOGICAL 0\/10\s+\(proto_version '1', publication_names '"pub"'/,
    );
  });

  it("answers a request for a reply at once, with exactly the acknowledged position", async () => {
    let reply: (bytes: Buffer) => void = () => undefined;
    const replied = new Promise<Buffer>((resolve) => (reply = resolve));
    server = await startFakeServer((_query, socket) => {
      socket.on("data", (data) => {
        if (data[0] === 0x64) reply(data);
      });
      return Buffer.concat([copyBoth, keepAlive(0x200n, true)]);
    });
    const session = new StreamSession(options(server.url, { acknowledged: () => 0x1_0000_0000n }));
    const run = session.run();
    const status = await replied;
    expect(status.toString("latin1", 5, 6)).toBe("r");
    for (const at of [6, 14, 22]) expect(status.readBigUInt64BE(at)).toBe(0x1_0000_0000n);
    session.stop();
    await expect(run).resolves.toBeUndefined();
  });

  it("reports that the upstream ended the stream, and that it cannot be reached", async () => {
    server = await startFakeServer((_query, socket) => {
      socket.end(copyBoth);
      return undefined;
    });
    await expect(new StreamSession(options(server.url, {})).run()).rejects.toThrow(/terminated|ended/);
    await expect(new StreamSession(options("postgres://u@127.0.0.1:1/d", {})).run()).rejects.toThrow(/ECONNREFUSED/);
  });

  it("can be stopped before it is connected", async () => {
    server = await startFakeServer(() => copyBoth);
    const session = new StreamSession(options(server.url, {}));
    const run = session.run();
    session.stop();
    await expect(run).resolves.toBeUndefined();
  });
});
