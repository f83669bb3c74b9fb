import { MsgType, Tag } from "../../fix/tags.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";
import type { Counterparties } from "./counterparties.ts";
import type { Damage } from "./fix-message.ts";
import type { LogonDesk } from "./logon-desk.ts";
import type { BookLevel, BookSides } from "./lp-book.ts";
import type { LpSessions } from "./lp-sessions.ts";
import type { LpVenue } from "./lp-venue.ts";
import { quoteCancelFields } from "./quote-fields.ts";

/** An entry that is in no book. */
const NOBODYS: BookLevel = {
  id: "999999999999",
  renamedFrom: null,
  maker: "NOBODY",
  priceUnits: 1,
  sizeUnits: 1,
};

/** What commands act on. */
export interface LpParts {
  readonly venue: LpVenue;
  readonly sessions: LpSessions;
  readonly logons: LogonDesk;
  readonly counterparties: Counterparties;
}

/** What an LP can be told to do beside what every simulated venue can: the faults of FIX. They act on every open session. */
export class LpCommands {
  readonly #venue: LpVenue;
  readonly #sessions: LpSessions;
  readonly #logons: LogonDesk;
  readonly #counterparties: Counterparties;

  constructor(parts: LpParts) {
    this.#venue = parts.venue;
    this.#sessions = parts.sessions;
    this.#logons = parts.logons;
    this.#counterparties = parts.counterparties;
  }

  /** Any message, numbered as the next one. */
  send(msgType: string, fields: readonly FixField[]): void {
    this.#sessions.eachOutput((output) => void output.send(msgType, fields));
  }

  /**
   * The next `count` messages of a symbol are numbered and never sent; `count` bare numbers where nobody has it. A client
   * that asks gets them again when they are `kept`; when they are `gone` they are filled, and what they said is lost.
   */
  loseMessages(symbol: string, count: number, fate: "kept" | "gone"): void {
    const { clock } = this.#venue;
    this.#sessions.eachOutput((output, session) => {
      const subscription = session.desk.find(symbol);
      for (let lost = 0; lost < count; lost++) {
        subscription?.book.step(clock.wallUs(), clock.monotonicMs());
        const draft = subscription?.tellNew(this.#venue.times()) ?? null;
        if (draft === null) output.lose(MsgType.heartbeat, [], false);
        else output.lose(draft.msgType, draft.fields, fate === "kept");
      }
    });
  }

  /** The next `count` messages have a wrong CheckSum (10) or BodyLength (9); they can be asked for again. */
  damageNext(kind: Damage, count = 1): void {
    this.#sessions.eachOutput((output) => output.damageNext(kind, count));
  }

  /** The latest `count` messages of application data again, unasked, with PossDupFlag (43). */
  repeatLast(count = 1): void {
    this.#sessions.eachOutput((output) => output.repeatLast(count));
  }

  /** A Heartbeat whose number is `below` the next one, without PossDupFlag. */
  sendLowSequence(below = 1): void {
    this.#sessions.eachOutput((output) => {
      output.sendNumbered(MsgType.heartbeat, Math.max(1, output.party.nextOutgoing - below), []);
    });
  }

  /** SequenceReset (4): the next message has this number. */
  resetSequence(mode: "gapFill" | "reset", newSequence: number): void {
    this.#sessions.eachOutput((output) => {
      const fields: FixField[] = mode === "gapFill" ? [[Tag.gapFillFlag, "Y"]] : [];
      fields.push([Tag.newSeqNo, String(newSequence)]);
      output.sendNumbered(MsgType.sequenceReset, output.party.nextOutgoing, fields);
      output.party.nextOutgoing = newSequence;
    });
  }

  /** TestRequest (1). */
  testRequest(): void {
    this.#sessions.eachOutput((_, session) => session.testRequest());
  }

  /** ResendRequest (2); `to` 0 is all from `from`. */
  resendRequest(from: number, to = 0): void {
    this.#sessions.eachOutput((_, session) => session.resendRequest(from, to));
  }

  /** Logout with this text, and the next `count` Logons are answered in the same way. */
  logoutStorm(text: string, count = Number.POSITIVE_INFINITY): void {
    this.refuseLogons(text, count);
    for (const session of this.#sessions.all) session.logout(text);
  }

  /** The next `count` Logons are answered with a Logout of this text. */
  refuseLogons(text: string, count = Number.POSITIVE_INFINITY): void {
    this.#logons.refuse(text, count);
  }

  /** The end of a trading day: Logout to all, and every client's numbers begin at 1. */
  dailyReset(): void {
    for (const session of this.#sessions.all) session.logout("End of trading day");
    this.#counterparties.resetAll();
  }

  /** Every open session neither sends nor hears any more, as when the other machine is gone; new ones are as usual. */
  goHalfOpen(): void {
    for (const { link } of this.#sessions.all) {
      link.isMuted = true;
      link.isDeaf = true;
    }
  }

  /** Bytes go out at most `bytes` at a time, a turn of the event loop apart; 0: as they come. */
  splitWrites(bytes: number): void {
    this.#setPace({ segmentBytes: bytes, holdMs: 0 });
  }

  /** Bytes wait `ms` for others and go together; 0: as they come. */
  joinWrites(ms: number): void {
    this.#setPace({ segmentBytes: 0, holdMs: ms });
  }

  /** A book whose best bid is above its best offer, until its next update. */
  crossBook(symbol: string): void {
    this.#sessions.eachSubscription(symbol, (subscription, session) => {
      const { bids, asks } = subscription.now;
      if (bids.length === 0 || asks.length === 0) return;
      const best: BookLevel = { ...bids[0], priceUnits: asks[0].priceUnits + this.#tickOf(symbol) };
      session.sendUpdate(subscription, { bids: [best, ...bids.slice(1)], asks });
    });
  }

  /** An increment that deletes an entry which is not in the book. */
  deleteUnknown(symbol: string): void {
    this.#sessions.eachSubscription(symbol, (subscription, session) => {
      const { told, rptSeq } = subscription;
      subscription.assume({ ...told, bids: [...told.bids, NOBODYS] }, rptSeq);
      session.sendUpdate(subscription, told);
    });
  }

  /** One side of a book is empty until the price moves. */
  emptySide(symbol: string, side: keyof BookSides): void {
    this.#venue.findBook(symbol)?.empty(side);
    this.#sessions.eachSubscription(symbol, (subscription, session) => session.sendUpdate(subscription));
  }

  /** All of a book again, unasked. */
  sendSnapshot(symbol: string): void {
    this.#sessions.eachSubscription(symbol, (subscription, session) => session.sendBook(subscription));
  }

  /** The next update of several symbols by one increment, where one request asked for them all. */
  updateTogether(symbols: readonly string[]): void {
    const { clock } = this.#venue;
    for (const symbol of symbols) this.#venue.findBook(symbol)?.step(clock.wallUs(), clock.monotonicMs());
    this.#sessions.eachOutput((_, session) => {
      const wanted = session.desk.subscriptions.filter(({ book }) => symbols.includes(book.symbol));
      session.sendTogether(wanted.filter(({ terms }) => terms.requestId === wanted[0].terms.requestId));
    });
  }

  /** QuoteCancel (Z) for all quotes of a symbol. */
  cancelQuotes(symbol: string): void {
    this.#sessions.eachSubscription(symbol, (subscription, session) => {
      const { book, terms, rptSeq } = subscription;
      const message = { book, requestId: terms.requestId, quoteId: terms.requestId, times: this.#venue.times() };
      session.send(MsgType.quoteCancel, quoteCancelFields(message));
      subscription.assume({ bids: [], asks: [] }, rptSeq);
    });
  }

  #tickOf(symbol: string): number {
    return this.#venue.findBook(symbol)?.spec.tickUnits ?? 1;
  }

  #setPace({ segmentBytes, holdMs }: { segmentBytes: number; holdMs: number }): void {
    const isPaced = segmentBytes > 0 || holdMs > 0;
    for (const { link } of this.#sessions.all) {
      link.setPace(isPaced ? { clock: this.#venue.clock, segmentBytes, holdMs } : null);
    }
  }
}
