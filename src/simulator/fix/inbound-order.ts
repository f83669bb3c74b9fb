import type { Counterparty } from "./counterparties.ts";
import type { InboundMessage } from "./inbound-message.ts";

/** Messages kept that came ahead of a hole; more are forgotten, and asked for again with the hole. */
const MAX_WAITING = 1000;

/** Where a message stands by its number. */
export type InboundPlace =
  /** The one that was expected. */
  | "next"
  /** Its turn comes when the hole before it is closed. */
  | "ahead"
  /** Lower than expected: seen before. */
  | "duplicate";

/** Puts a client's messages in order of their numbers. */
export class InboundOrder {
  readonly #party: Counterparty;
  readonly #waiting = new Map<number, InboundMessage>();

  constructor(party: Counterparty) {
    this.#party = party;
  }

  /** True while a message waits for those before it. */
  get hasHole(): boolean {
    return this.#waiting.size > 0;
  }

  /** Finds a message's place; one that is ahead waits. */
  place(message: InboundMessage): InboundPlace {
    const expected = this.#party.nextIncoming;
    if (message.sequence === expected) return "next";
    if (message.sequence < expected) return "duplicate";
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(message.sequence, message);
    return "ahead";
  }

  /** The message whose turn has come; null when it has not arrived. */
  takeNext(): InboundMessage | null {
    const expected = this.#party.nextIncoming;
    const message = this.#waiting.get(expected) ?? null;
    for (const sequence of this.#waiting.keys()) if (sequence <= expected) this.#waiting.delete(sequence);
    return message;
  }

  clear(): void {
    this.#waiting.clear();
  }
}
