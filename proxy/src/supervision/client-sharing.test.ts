import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import { silentLogger } from "@freshet/base";
import { expect, test } from "vitest";
import { ClientSharing } from "./client-sharing.ts";
import { Member, type MemberProcess } from "./member.ts";
import type { ToProcess } from "./messages.ts";

/** A process that notes what it is given. */
class FakeProcess extends EventEmitter implements MemberProcess {
  readonly process = { pid: 1, kill: () => true };
  readonly given: { readonly id: number; readonly socket: Socket | undefined }[] = [];

  send(message: ToProcess, socket?: Socket): boolean {
    if (message.kind === "client") this.given.push({ id: message.id, socket });
    return true;
  }

  isConnected(): boolean {
    return true;
  }
}

function member(generation: number): { readonly member: Member; readonly given: FakeProcess["given"] } {
  const process = new FakeProcess();
  return { member: new Member(process, { front: 0, generation }, () => undefined), given: process.given };
}

/** Connections that nobody has opened: only who holds them matters. */
function clients(sharing: ClientSharing, count: number): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = new Socket();
    sharing.offer(socket, false);
    return socket;
  });
}

test("each client comes to the process that has the fewest, also when clients leave", () => {
  const sharing = new ClientSharing(silentLogger());
  const [one, two, three] = [member(1), member(1), member(1)];
  for (const { member: joining } of [one, two, three]) sharing.join(joining);
  clients(sharing, 9);
  expect([one, two, three].map(({ given }) => given.length)).toEqual([3, 3, 3]);
  sharing.left(two.member);
  sharing.left(two.member);
  clients(sharing, 2);
  expect(two.given).toHaveLength(5);
});

test("a connection is held until the process has it, and goes to another one when that dies before", () => {
  const sharing = new ClientSharing(silentLogger());
  const [one, two] = [member(1), member(1)];
  sharing.join(one.member);
  const [first, second] = clients(sharing, 2);
  sharing.took(one.member, one.given[0]?.id ?? 0);
  expect(first?.destroyed).toBe(true);
  expect(second?.destroyed).toBe(false);
  sharing.join(two.member);
  sharing.gone(one.member);
  expect(two.given.map(({ socket }) => socket)).toEqual([second]);
  // What the dead one may have said late is not heeded.
  sharing.took(one.member, two.given[0]?.id ?? 0);
  expect(second?.destroyed).toBe(false);
});

test("clients wait while nobody takes them; the latest generation is preferred; what is excluded gets no more", () => {
  const sharing = new ClientSharing(silentLogger());
  const [old, young] = [member(1), member(2)];
  clients(sharing, 3);
  sharing.join(old.member);
  expect(old.given).toHaveLength(3);
  sharing.join(young.member);
  clients(sharing, 2);
  expect(young.given).toHaveLength(2);
  sharing.exclude(young.member);
  clients(sharing, 1);
  expect(old.given).toHaveLength(4);
  sharing.exclude(old.member);
  const [waiting] = clients(sharing, 1);
  sharing.close();
  expect(waiting?.destroyed).toBe(true);
});
