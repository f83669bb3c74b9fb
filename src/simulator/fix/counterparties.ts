import { SentHistory } from "./sent-history.ts";

/** Pairs of comp ids that are remembered at most: the oldest that is not connected goes. */
const MAX_COUNTERPARTIES = 64;

/** One client as the LP knows it: its comp ids, and the numbers that go on over its connections. */
export interface Counterparty {
  /** SenderCompID (49) of the client, and ours. */
  readonly client: string;
  readonly ours: string;
  /** MsgSeqNum (34) of our next message, and the one we expect, from 1. */
  nextOutgoing: number;
  nextIncoming: number;
  readonly history: SentHistory;
  isConnected: boolean;
}

/** The LP's memory of its clients. */
export class Counterparties {
  readonly #byIds = new Map<string, Counterparty>();

  find(client: string, ours: string): Counterparty {
    const key = `${client}\u0001${ours}`;
    let party = this.#byIds.get(key);
    if (party === undefined) {
      party = { client, ours, nextOutgoing: 1, nextIncoming: 1, history: new SentHistory(), isConnected: false };
      this.#forgetOne();
      this.#byIds.set(key, party);
    }
    return party;
  }

  /** Numbers of all begin anew, as at the end of a trading day. */
  resetAll(): void {
    for (const party of this.#byIds.values()) resetNumbers(party);
  }

  #forgetOne(): void {
    if (this.#byIds.size < MAX_COUNTERPARTIES) return;
    for (const [key, party] of this.#byIds) {
      if (party.isConnected) continue;
      this.#byIds.delete(key);
      return;
    }
  }
}

/** Both numbers are 1 again, and nothing that was sent can be asked for. */
export function resetNumbers(party: Counterparty): void {
  party.nextOutgoing = 1;
  party.nextIncoming = 1;
  party.history.clear();
}
