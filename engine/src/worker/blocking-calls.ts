import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { assert } from "@freshet/base";
import { type CallOutcome, decodeOutcome, type MakeUpstreamCalls } from "@freshet/contract";
import type { CallsAnswer, CallsRequest } from "./protocol.ts";

const [WAITING, ANSWERED] = [0, 1];

/**
 * Makes calls through the thread at the other end of `port`, and sleeps until it has answered: operators work within
 * one store transaction, and cannot wait otherwise.
 */
export function blockingCalls(port: MessagePort, signal: Int32Array): MakeUpstreamCalls {
  port.unref();
  return (request) => {
    Atomics.store(signal, 0, WAITING);
    port.postMessage(request satisfies CallsRequest);
    Atomics.wait(signal, 0, WAITING);
    const received = receiveMessageOnPort(port);
    assert(received !== undefined, "an answer is there when its signal is");
    const answer = received.message as CallsAnswer;
    if (!answer.ok) throw new Error(answer.message);
    return answer.outcomes.map((bytes): CallOutcome => {
      return decodeOutcome(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
  };
}

/** Wakes the thread that waits for an answer, which has been posted. */
export function signalAnswer(signal: Int32Array): void {
  Atomics.store(signal, 0, ANSWERED);
  Atomics.notify(signal, 0);
}
