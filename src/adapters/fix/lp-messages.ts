import { findField, readFields, sliceText } from "../../fix/field-reader.ts";
import { type FixFrame, packMsgType } from "../../fix/fix-frame.ts";
import type { MarketDataMessage } from "../../fix/market-data-message.ts";
import { MsgType, Tag } from "../../fix/tags.ts";
import type { CompiledFixVenue, FixField } from "../../venues/compiled-fix-venue.ts";
import type { Arrival } from "./book/market-data-books.ts";
import type { FixSubscriptions } from "./fix-subscriptions.ts";
import type { SecretHider } from "./secret-hider.ts";
import type { SessionBooks } from "./session-books.ts";

/** QuoteCancelType (298): all quotes of the session. */
const CANCEL_ALL = "4";
/** QuoteStatus (297) of our acknowledgement: accepted. */
const ACCEPTED = "0";
/** Headline (148) of News. */
const HEADLINE_TAG = 148;
/**
 * News that ends the session: Binance says "You'll be disconnected in 600 seconds. Please reconnect." News of others that
 * are disconnected, an LP behind an aggregator for instance, does not.
 */
const FAREWELL = /\byou\b.*\bdisconnect|\bplease re-?connect/i;

const NEWS = packMsgType(MsgType.news);
const QUOTE_CANCEL = packMsgType(MsgType.quoteCancel);

/** What reading the LP's rarer messages takes. */
export interface LpMessagesOptions {
  readonly venue: CompiledFixVenue;
  /** Symbols, by index, by the bytes the LP names them with, a character per byte. */
  readonly symbols: ReadonlyMap<string, number>;
  readonly books: SessionBooks;
  readonly subscriptions: FixSubscriptions;
  readonly secrets: SecretHider;
  readonly send: (msgType: string, fields: readonly FixField[]) => number;
  /** The LP will end this session soon. */
  readonly onFarewell: (text: string) => void;
}

/** What an LP says beside market data: refusals, cancels, news. Off the hot path. */
export class LpMessages {
  /** The last News (B) of the LP, for the error of a session that then breaks; empty when there was none. */
  lastNews = "";
  readonly #options: LpMessagesOptions;

  constructor(options: LpMessagesOptions) {
    this.#options = options;
  }

  /** Takes an application message, or a Reject (3). What concerns nobody here (h, f …) is let be. */
  take(arrival: Arrival): void {
    const { frame } = arrival;
    if (frame.msgType === QUOTE_CANCEL) this.#cancel(arrival);
    else if (frame.msgType === NEWS) this.#takeNews(frame);
    else this.#options.subscriptions.noteMessage(frame);
  }

  /** The symbols of a message nobody could read: those it names, else those of its request. Null when it tells neither. */
  symbolsOf(frame: FixFrame): readonly number[] | null {
    const { venue, subscriptions } = this.#options;
    const { symbolTag, requestIdTag } = venue.marketData;
    if (findField(frame, symbolTag) !== null) return this.#named(readFields(frame));
    const symbols = subscriptions.symbolsOn(findField(frame, requestIdTag) ?? "");
    return symbols.length > 0 ? symbols : null;
  }

  /** QuoteAcknowledgement (b) of a MassQuote that asks for one; FIX 4.4 vol 3, "Mass Quote". */
  acknowledge(message: MarketDataMessage): void {
    const { venue, send } = this.#options;
    const { bytes, requestIdStart, requestIdEnd, quoteIdStart, quoteIdEnd } = message;
    const fields: FixField[] = [];
    if (requestIdStart >= 0 && venue.marketData.requestIdTag === Tag.quoteReqId) {
      fields.push([Tag.quoteReqId, sliceText(bytes, requestIdStart, requestIdEnd)]);
    }
    if (quoteIdStart >= 0) fields.push([Tag.quoteId, sliceText(bytes, quoteIdStart, quoteIdEnd)]);
    send(MsgType.massQuoteAck, [...fields, [Tag.quoteStatus, ACCEPTED]]);
  }

  /** QuoteCancel (Z): all, those of the symbols it names, or those of its request; of some entries alone where it names them. */
  #cancel(arrival: Arrival): void {
    const { venue, books, subscriptions } = this.#options;
    const fields = readFields(arrival.frame);
    const isAll = fields.some(([tag, value]) => tag === Tag.quoteCancelType && value === CANCEL_ALL);
    if (isAll) {
      for (const symbol of this.#options.symbols.values()) books.cancelAll(symbol, arrival);
      return;
    }
    const requestId = fields.find(([tag]) => tag === venue.marketData.requestIdTag)?.[1] ?? "";
    const named = this.#named(fields);
    const symbols = named.length > 0 ? named : subscriptions.symbolsOn(requestId);
    const entries = fields.filter(([tag]) => tag === Tag.quoteEntryId).map(([, value]) => Buffer.from(value, "latin1"));
    for (const symbol of symbols) {
      if (entries.length === 0) books.cancelAll(symbol, arrival);
      for (const entry of entries) books.cancelEntry(symbol, entry, arrival);
    }
  }

  #named(fields: readonly (readonly [tag: number, value: string])[]): number[] {
    const { venue, symbols } = this.#options;
    const named = new Set<number>();
    for (const [tag, value] of fields) {
      const symbol = tag === venue.marketData.symbolTag ? symbols.get(value) : undefined;
      if (symbol !== undefined) named.add(symbol);
    }
    return [...named];
  }

  #takeNews(frame: FixFrame): void {
    const news = findField(frame, HEADLINE_TAG) ?? findField(frame, Tag.text) ?? "";
    this.lastNews = this.#options.secrets.peerText(news);
    if (FAREWELL.test(this.lastNews)) this.#options.onFarewell(this.lastNews);
  }
}
