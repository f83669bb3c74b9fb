import { MsgType, Tag } from "../../fix/tags.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";
import type { SymbolVerdict } from "../venue-dialect.ts";
import { type InboundMessage, numberOf, textOf, textsOf } from "./inbound-message.ts";
import type { LpBook } from "./lp-book.ts";
import { LpSubscription, type SubscriptionTerms } from "./lp-subscription.ts";
import type { LpVenue } from "./lp-venue.ts";

/** Symbols one session may hold. */
const MAX_SUBSCRIPTIONS = 10_000;
/** MDReqRejReason (281). */
const RejectReason = {
  unknownSymbol: "0",
  duplicateRequest: "1",
  insufficientPermissions: "3",
  unsupportedSubscription: "4",
  unsupportedDepth: "5",
  unsupportedUpdate: "6",
} as const;
/** QuoteRequestRejectReason (658). */
const UNKNOWN_QUOTE_SYMBOL = "1";
const OTHER_QUOTE_REASON = "99";
/** SessionRejectReason (373): required tag missing. */
const TAG_MISSING = "1";

/** What a desk needs of its session. */
export interface DeskSession {
  /** Numbers and sends a message. */
  answer(msgType: string, fields: readonly FixField[]): void;
  /** Sends all of the subscription's book. */
  sendAll(subscription: LpSubscription): void;
  onSubscriptionsChanged(): void;
}

/** What is wrong with a request; `reason` is of Y (281). */
interface Refusal {
  readonly reason: string;
  readonly text: string;
}

/** Answers the requests for market data of one session and keeps its subscriptions. */
export class MarketDataDesk {
  readonly #venue: LpVenue;
  readonly #session: DeskSession;
  readonly #wantsAck: boolean;
  readonly #byRequest = new Map<string, LpSubscription[]>();
  /** All subscriptions, in order of request. */
  subscriptions: readonly LpSubscription[] = [];

  constructor(venue: LpVenue, session: DeskSession, wantsAck: boolean) {
    this.#venue = venue;
    this.#session = session;
    this.#wantsAck = wantsAck;
  }

  /** Handles V, R, Z and a; false for what is no request for market data of this LP. */
  take(message: InboundMessage): boolean {
    const isQuoteStream = this.#venue.dialect.stream === "quote";
    if (isQuoteStream && (message.msgType === MsgType.quoteCancel || message.msgType === MsgType.quoteStatusRequest)) {
      this.#cancelQuotes(message);
      return true;
    }
    const wanted = isQuoteStream ? MsgType.quoteRequest : MsgType.marketDataRequest;
    if (message.msgType !== wanted) return false;
    const requestId = textOf(message, this.#requestIdTag);
    if (requestId === null) this.#rejectIncomplete(message);
    else if (textOf(message, Tag.subscriptionRequestType) === "2") this.#end(requestId);
    else this.#begin(requestId, message);
    return true;
  }

  /** The subscription of a symbol; null when there is none. */
  find(symbol: string): LpSubscription | null {
    return this.subscriptions.find(({ book }) => book.symbol === symbol) ?? null;
  }

  clear(): void {
    this.#byRequest.clear();
    this.#changed();
  }

  get #requestIdTag(): number {
    return this.#venue.dialect.stream === "quote" ? Tag.quoteReqId : Tag.mdReqId;
  }

  #begin(requestId: string, message: InboundMessage): void {
    const symbols = textsOf(message, Tag.symbol);
    const refusal = this.#problemWith(requestId, message, symbols);
    if (refusal !== null) {
      this.#refuse(requestId, refusal, symbols);
      return;
    }
    const { dialect } = this.#venue;
    const terms = this.#termsOf(requestId, message);
    const books = symbols.map((symbol) => this.#venue.findBook(symbol)).filter((book): book is LpBook => book !== null);
    const asked = books.map((book) => new LpSubscription(dialect, book, terms));
    // Without a type a QuoteRequest asks for a stream.
    if (textOf(message, Tag.subscriptionRequestType) !== "0") {
      if (dialect.replacesRequests) this.#byRequest.clear();
      this.#byRequest.set(requestId, asked);
      this.#changed();
    }
    for (const subscription of asked) this.#session.sendAll(subscription);
  }

  #termsOf(requestId: string, message: InboundMessage): SubscriptionTerms {
    const types = textsOf(message, Tag.mdEntryType);
    const has = (type: string) => types.length === 0 || types.includes(type);
    return {
      requestId,
      depth: numberOf(message, Tag.marketDepth, 0),
      wants: { bids: has("0"), asks: has("1") },
      isFullRefresh: textOf(message, Tag.mdUpdateType) === "0",
      wantsAck: this.#wantsAck,
    };
  }

  #problemWith(requestId: string, message: InboundMessage, symbols: readonly string[]): Refusal | null {
    if (this.#byRequest.has(requestId)) {
      return { reason: RejectReason.duplicateRequest, text: `Duplicate request ${requestId}` };
    }
    const { dialect } = this.#venue;
    if (dialect.stream === "market-data") {
      const type = textOf(message, Tag.subscriptionRequestType) ?? "";
      if (!["0", "1"].includes(type)) {
        return { reason: RejectReason.unsupportedSubscription, text: `Unsupported SubscriptionRequestType '${type}'` };
      }
      if (textOf(message, Tag.marketDepth) === null) {
        return { reason: RejectReason.unsupportedDepth, text: "MarketDepth is missing" };
      }
      if (type === "1" && dialect.needsUpdateType && textOf(message, Tag.mdUpdateType) === null) {
        return { reason: RejectReason.unsupportedUpdate, text: "MDUpdateType is missing" };
      }
    }
    if (symbols.length === 0 || this.subscriptions.length + symbols.length > MAX_SUBSCRIPTIONS) {
      return { reason: RejectReason.unknownSymbol, text: "Wanted one symbol at least, and not too many" };
    }
    return this.#problemWithSymbols(symbols);
  }

  #problemWithSymbols(symbols: readonly string[]): Refusal | null {
    const worst = (verdict: SymbolVerdict) => symbols.find((symbol) => this.#venue.verdict(symbol) === verdict);
    const unknown = worst("unknown");
    if (unknown !== undefined) return { reason: RejectReason.unknownSymbol, text: `Unknown symbol ${unknown}` };
    const refused = worst("refused");
    if (refused === undefined) return null;
    return { reason: RejectReason.insufficientPermissions, text: `No permission for ${refused}` };
  }

  #refuse(requestId: string, { reason, text }: Refusal, symbols: readonly string[]): void {
    if (this.#venue.dialect.stream === "market-data") {
      this.#session.answer(MsgType.marketDataReject, [
        [Tag.mdReqId, requestId],
        [Tag.mdReqRejReason, reason],
        [Tag.text, text],
      ]);
      return;
    }
    const quoteReason = reason === RejectReason.unknownSymbol ? UNKNOWN_QUOTE_SYMBOL : OTHER_QUOTE_REASON;
    this.#session.answer(MsgType.quoteRequestReject, [
      [Tag.quoteReqId, requestId],
      [Tag.quoteRequestRejectReason, quoteReason],
      [Tag.noRelatedSym, String(symbols.length)],
      ...symbols.map((symbol): FixField => [Tag.symbol, symbol]),
      [Tag.text, text],
    ]);
  }

  #rejectIncomplete(message: InboundMessage): void {
    this.#session.answer(MsgType.reject, [
      [Tag.refSeqNum, String(message.sequence)],
      [Tag.refTagId, String(this.#requestIdTag)],
      [Tag.refMsgType, message.msgType],
      [Tag.sessionRejectReason, TAG_MISSING],
      [Tag.text, "Required tag missing"],
    ]);
  }

  /** A client ends a stream by its request, or all streams of the symbols it names. */
  #cancelQuotes(message: InboundMessage): void {
    const isStatusQuestion =
      message.msgType === MsgType.quoteStatusRequest && textOf(message, Tag.subscriptionRequestType) !== "2";
    if (isStatusQuestion) return;
    const requestId = textOf(message, Tag.quoteReqId);
    if (requestId !== null) {
      this.#end(requestId);
      return;
    }
    const symbols = textsOf(message, Tag.symbol);
    for (const [id, asked] of [...this.#byRequest]) {
      if (asked.some(({ book }) => symbols.includes(book.symbol))) this.#end(id);
    }
  }

  #end(requestId: string): void {
    if (this.#byRequest.delete(requestId)) this.#changed();
  }

  #changed(): void {
    this.subscriptions = [...this.#byRequest.values()].flat();
    this.#session.onSubscriptionsChanged();
  }
}
