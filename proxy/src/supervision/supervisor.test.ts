import { EventEmitter } from "node:events";
import { type ProcessPlace, silentLogger } from "@freshet/base";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MemberProcess } from "./member.ts";
import type { Done, ToProcess, ToSupervisor } from "./messages.ts";
import { Supervisor } from "./supervisor.ts";

/** A process that does each step at once, unless told to fail at one. */
class FakeProcess extends EventEmitter implements MemberProcess {
  readonly received: ToProcess[] = [];
  readonly signals: string[] = [];
  readonly process: MemberProcess["process"];
  readonly place: ProcessPlace;
  readonly #failsAt: Done | null;
  #connected = true;

  constructor(pid: number, place: ProcessPlace, failsAt: Done | null) {
    super();
    this.place = place;
    this.#failsAt = failsAt;
    this.process = {
      pid,
      kill: (signal) => {
        this.signals.push(String(signal));
        if (signal !== "SIGHUP") this.end(signal === "SIGTERM" ? 0 : null);
        return true;
      },
    };
    setImmediate(() => this.#do("ready"));
  }

  get steps(): string[] {
    return this.received.flatMap((message) => (message.kind === "step" ? [message.step] : []));
  }

  send(message: ToProcess): boolean {
    this.received.push(message);
    if (message.kind === "step" && message.step !== "drain") this.#do(message.step);
    return true;
  }

  say(message: ToSupervisor): void {
    this.emit("message", message);
  }

  isConnected(): boolean {
    return this.#connected;
  }

  /** Says no more before it ends, or what is left in the channel behind its end. */
  end(code: number | null, last: readonly ToSupervisor[] = []): void {
    setImmediate(() => {
      this.#connected = last.length > 0;
      this.emit("exit", code, code === null ? "SIGKILL" : null);
      if (!this.#connected) return;
      for (const message of last) this.say(message);
      this.#connected = false;
      this.emit("disconnect");
    });
  }

  #do(step: Done): void {
    if (step === this.#failsAt) this.end(1);
    else setImmediate(() => this.say({ kind: "done", step }));
  }
}

const processes: FakeProcess[] = [];
let failures: (Done | null)[] = [];
let supervisor: Supervisor;
let status: Promise<number>;

beforeEach(async () => {
  processes.length = 0;
  failures = [];
});
afterEach(() => supervisor.stop());

/** Runs a supervisor of so many fronts. */
function launch(fronts: number): void {
  supervisor = new Supervisor(
    (place) => {
      const made = new FakeProcess(processes.length + 1, place, failures.shift() ?? null);
      processes.push(made);
      return made;
    },
    fronts,
    silentLogger(),
  );
  status = supervisor.run();
}

/** Starts; the processes fail where `at` says, one after the other. */
async function start(...at: (Done | null)[]): Promise<void> {
  failures = at;
  launch(1);
  await vi.waitFor(() => expect(processes[0]?.steps).toEqual(["begin"]));
  await new Promise((resolve) => setTimeout(resolve, 10));
}

function steps(): string[][] {
  return processes.map((made) => made.steps);
}

test("a new process checks, the old one hands over, the new one begins, the old one drains", async () => {
  await start();
  await supervisor.replace();
  expect(steps()).toEqual([
    ["begin", "hand-over", "drain"],
    ["check", "begin"],
  ]);
  await supervisor.replace();
  expect(steps()).toEqual([
    ["begin", "hand-over", "drain"],
    ["check", "begin", "hand-over", "drain"],
    ["check", "begin"],
  ]);
  supervisor.reload();
  expect(processes.map(({ signals }) => signals)).toEqual([["SIGHUP"], ["SIGHUP"], ["SIGHUP"]]);
});

test("what fails before the hand-over does not concern the old process; what fails after it is taken back", async () => {
  await start(null, "ready", "check", "begin", null);
  await supervisor.replace();
  await supervisor.replace();
  expect(steps()).toEqual([["begin"], [], ["check"]]);
  await supervisor.replace();
  expect(steps()[0]).toEqual(["begin", "hand-over", "take-back"]);
  await supervisor.replace();
  expect(steps()[0]).toEqual(["begin", "hand-over", "take-back", "hand-over", "drain"]);
});

test("a second demand meanwhile is not heeded", async () => {
  await start();
  await Promise.all([supervisor.replace(), supervisor.replace()]);
  expect(processes).toHaveLength(2);
});

test("a first process that fails ends it, one that crashes later is started again, one that ends well is the end", async () => {
  await start("begin");
  expect(await status).toBe(1);
  processes.length = 0;
  await start();
  processes[0]?.end(null);
  await vi.waitFor(() => expect(processes[1]?.steps).toEqual(["begin"]));
  await new Promise((resolve) => setTimeout(resolve, 10));
  processes[1]?.end(0);
  expect(await status).toBe(0);
});

test("an old process that dies while it hands over is replaced all the same", async () => {
  await start("hand-over");
  await supervisor.replace();
  await vi.waitFor(() => expect(processes.at(-1)?.steps).toEqual(["begin"]));
});

test("cancel requests are looked for in all other processes, schema news told to them", async () => {
  await start();
  await supervisor.replace();
  const [old, current] = processes;
  const asked = (of: FakeProcess | undefined): number[] =>
    (of?.received ?? []).flatMap((message) => (message.kind === "cancel" ? [message.id] : []));
  const answers = (of: FakeProcess | undefined): ToProcess[] =>
    (of?.received ?? []).filter(({ kind }) => kind === "cancelled");

  current?.say({ kind: "cancel", id: 7, processId: 1, secretKey: "00ff" });
  expect(asked(old)).toHaveLength(1);
  expect(asked(current)).toEqual([]);
  old?.say({ kind: "cancelled", id: asked(old)[0] ?? 0, found: true });
  expect(answers(current)).toEqual([{ kind: "cancelled", id: 7, found: true }]);

  old?.say({ kind: "schema", news: "schema" });
  expect(current?.received.at(-1)).toEqual({ kind: "schema", news: "schema" });

  current?.say({ kind: "cancel", id: 8, processId: 1, secretKey: "00ff" });
  old?.end(0);
  await vi.waitFor(() => expect(answers(current)).toContainEqual({ kind: "cancelled", id: 8, found: false }));
  current?.say({ kind: "cancel", id: 9, processId: 1, secretKey: "00ff" });
  expect(answers(current)).toContainEqual({ kind: "cancelled", id: 9, found: false });
});

test("SIGTERM reaches all, and the status is that of the process that served", async () => {
  await start();
  await supervisor.replace();
  await supervisor.stop();
  expect(processes.map(({ signals }) => signals)).toEqual([["SIGTERM"], ["SIGTERM"]]);
  expect(await status).toBe(0);
});

test("fronts begin behind the core and are replaced with it", async () => {
  launch(3);
  await vi.waitFor(() => expect(steps()).toEqual([["begin"], ["begin"], ["begin"]]));
  expect(processes.map(({ place }) => place)).toEqual([0, 1, 2].map((front) => ({ front, generation: 1 })));
  await new Promise((resolve) => setTimeout(resolve, 10));
  await supervisor.replace();
  const old = [["begin", "hand-over", "drain"], ...[1, 2].map(() => ["begin", "drain"])];
  expect(steps()).toEqual([...old, ["check", "begin"], ["begin"], ["begin"]]);
  expect(processes.slice(3).map(({ place }) => place)).toEqual([0, 1, 2].map((front) => ({ front, generation: 2 })));
  // What ends of an earlier start is not missed.
  processes[1]?.end(0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(processes).toHaveLength(6);
});

test("a front that crashes is started again in its place; a core that crashes, with new fronts", async () => {
  launch(2);
  await vi.waitFor(() => expect(steps()).toEqual([["begin"], ["begin"]]));
  await new Promise((resolve) => setTimeout(resolve, 10));
  processes[1]?.end(null);
  await vi.waitFor(() => expect(processes[2]?.steps).toEqual(["begin"]), 5000);
  expect(processes[2]?.place).toEqual({ front: 1, generation: 1 });
  processes[0]?.end(null);
  await vi.waitFor(() => expect(processes[4]?.steps).toEqual(["begin"]), 5000);
  expect(processes.slice(3).map(({ place }) => place)).toEqual([0, 1].map((front) => ({ front, generation: 2 })));
  await vi.waitFor(() => expect(processes[2]?.steps).toEqual(["begin", "drain"]));
});

test("a core that crashes while its fronts start is replaced by one other core", async () => {
  launch(2);
  await vi.waitFor(() => expect(steps()).toEqual([["begin"], ["begin"]]));
  await new Promise((resolve) => setTimeout(resolve, 10));
  failures = [null, "ready"];
  processes[0]?.end(null);
  await vi.waitFor(() => expect(processes[2]?.steps).toEqual(["begin"]), 5000);
  processes[2]?.end(null);
  await vi.waitFor(() => expect(processes.at(-1)?.steps).toEqual(["begin"]), 5000);
  await vi.waitFor(() => expect(processes.at(-1)?.place.front).toBe(1), 5000);
  const cores = processes.filter(({ place }) => place.front === 0).map(({ place }) => place.generation);
  expect(cores).toEqual([1, 2, 3]);
});

test("what a process said before it ended is heard before it counts as gone", async () => {
  launch(2);
  await vi.waitFor(() => expect(steps()).toEqual([["begin"], ["begin"]]));
  const [core, front] = processes;
  const cancel = { processId: 1, secretKey: "00ff" };
  core?.say({ kind: "cancel", id: 7, ...cancel });
  const asked = front?.received.find((message) => message.kind === "cancel");
  front?.end(null, [{ kind: "cancelled", id: asked?.kind === "cancel" ? asked.id : 0, found: true }]);
  await vi.waitFor(() => expect(core?.received).toContainEqual({ kind: "cancelled", id: 7, found: true }));
});

test("a front that is told to stop ends all", async () => {
  launch(2);
  await vi.waitFor(() => expect(steps()).toEqual([["begin"], ["begin"]]));
  await new Promise((resolve) => setTimeout(resolve, 10));
  processes[1]?.end(0);
  expect(await status).toBe(0);
  expect(processes[0]?.signals).toEqual(["SIGTERM"]);
});
