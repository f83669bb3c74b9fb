import type { IFixSessionStore } from "jspurefix/dist/store/fix-session-store.js";
import type { SessionNumbers } from "./fix-engine.ts";

/** Shows jspurefix the session's numbers as a store. Writing is for the gate and the transmitter alone: here it does nothing. */
export class NumbersStore implements IFixSessionStore {
  readonly #numbers: SessionNumbers;

  constructor(numbers: SessionNumbers) {
    this.#numbers = numbers;
  }

  get senderSeqNum(): number {
    return this.#numbers.nextOutgoing;
  }

  get targetSeqNum(): number {
    return this.#numbers.nextIncoming;
  }

  setSenderSeqNum(): Promise<void> {
    return Promise.resolve();
  }

  setTargetSeqNum(): Promise<void> {
    return Promise.resolve();
  }

  reset(): Promise<void> {
    return Promise.resolve();
  }
}
