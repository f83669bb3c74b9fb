import type { LpSession } from "./lp-session.ts";
import type { LpSubscription } from "./lp-subscription.ts";
import type { SessionOutput } from "./session-output.ts";

/** The open sessions of an LP. */
export class LpSessions {
  readonly #sessions = new Set<LpSession>();
  readonly #settle: () => void;

  /** @param settle called before anything is done to sessions that a flood may be writing to */
  constructor(settle: () => void) {
    this.#settle = settle;
  }

  get all(): readonly LpSession[] {
    return [...this.#sessions];
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: LpSession): void {
    this.#sessions.add(session);
  }

  /** False when it was not there. */
  delete(session: LpSession): boolean {
    return this.#sessions.delete(session);
  }

  /** Those that are logged on. */
  eachOutput(act: (output: SessionOutput, session: LpSession) => void): void {
    this.#settle();
    for (const session of this.all) if (session.output !== null) act(session.output, session);
  }

  /** Those that have subscribed to a symbol, once per subscription. */
  eachSubscription(symbol: string, act: (subscription: LpSubscription, session: LpSession) => void): void {
    this.eachOutput((_, session) => {
      for (const subscription of session.desk.subscriptions) {
        if (subscription.book.symbol === symbol) act(subscription, session);
      }
    });
  }
}
