import type { RunningFreshet } from "../freshet-factories.ts";
import type { FamilyMember } from "./family-link.ts";
import type { FamilyLink } from "./family-link.ts";
import type { Step } from "./messages.ts";

/** What a supervisor leads from its start to its end. */
export interface LedProcess extends Omit<FamilyMember, "step"> {
  /** Makes sure that it could serve. */
  rehearse(): Promise<void>;
  start(): Promise<Pick<RunningFreshet, "listen" | "admin"> | null>;
  handOver(): Promise<void>;
  takeBack(): Promise<void>;
  drain(timeoutMs: number): Promise<void>;
}

/** What happens to a supervised process that its owner has to know. */
export interface SupervisedEvents {
  /** Clients are served. */
  listening(addresses: Awaited<ReturnType<LedProcess["start"]>>): void;
  /** Its last client has left, or the time for that is over. */
  drained(): void;
  /** A step failed: the process is of no use. */
  failed(thrown: unknown): void;
}

/** Lets the supervisor lead `freshet`. */
export function followSupervisor(
  freshet: LedProcess,
  link: FamilyLink,
  drainTimeoutMs: number,
  events: SupervisedEvents,
): void {
  const take = async (step: Step): Promise<void> => {
    switch (step) {
      case "check":
        await freshet.rehearse();
        break;
      case "begin":
        events.listening(await freshet.start());
        break;
      case "hand-over":
        await freshet.handOver();
        break;
      case "take-back":
        await freshet.takeBack();
        break;
      case "drain":
        await freshet.drain(drainTimeoutMs);
        events.drained();
        return;
    }
    link.done(step);
  };
  link.join({
    step: (step) => void take(step).catch((thrown: unknown) => events.failed(thrown)),
    cancel: (processId, secretKey) => freshet.cancel(processId, secretKey),
    schemaNews: (news) => freshet.schemaNews(news),
    accept: (socket, isUnix) => freshet.accept(socket, isUnix),
  });
}
