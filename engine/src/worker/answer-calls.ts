import { MessageChannel, type MessagePort } from "node:worker_threads";
import { errorMessage } from "@freshet/base";
import { encodeOutcome, type UpstreamCaller } from "@freshet/contract";
import { signalAnswer } from "./blocking-calls.ts";
import type { CallsAnswer, CallsRequest } from "./protocol.ts";

/** The worker's end of the line on which it asks for calls. */
export interface CallsLine {
  readonly port: MessagePort;
  readonly signal: Int32Array;
  /** After the worker has ended. */
  close(): void;
}

/** Opens a line on which a worker's calls are made by `caller`, one request after the other. */
export function answerCalls(caller: UpstreamCaller): CallsLine {
  const { port1: own, port2: port } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  own.on("message", (request: CallsRequest) => {
    void answer(caller, request).then((answered) => {
      own.postMessage(answered);
      signalAnswer(signal);
    });
  });
  // While the worker waits, its request keeps this thread's loop awake by the connection that it goes out on.
  own.unref();
  return { port, signal, close: () => own.close() };
}

async function answer(caller: UpstreamCaller, request: CallsRequest): Promise<CallsAnswer> {
  try {
    const lists = request.lists.map((list) => Buffer.from(list.buffer, list.byteOffset, list.byteLength));
    return { ok: true, outcomes: (await caller.call({ ...request, lists })).map(encodeOutcome) };
  } catch (thrown) {
    return { ok: false, message: errorMessage(thrown) };
  }
}
