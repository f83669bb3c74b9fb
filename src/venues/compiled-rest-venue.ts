import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink } from "../domain/quote.ts";
import type { UsageReport } from "../runtime/request-budget.ts";
import type { BudgetWindow } from "../runtime/request-window.ts";
import type { SequenceRule, VenueLimits } from "./compiled-venue.ts";

/** How a REST venue is polled. */
export interface PollingRules {
  /** Every symbol is asked for once in this time, as long as the budget lasts, ms. */
  readonly intervalMs: number;
  /** An answer that is not whole by then is given up, ms. */
  readonly timeoutMs: number;
  /** Longest body taken, on the wire and inflated, bytes. */
  readonly maxBodyBytes: number;
  /** Requests of one session under way at the same time, at most. */
  readonly inFlightMax: number;
}

/** What one request asks for; the rest of it is in the profile. */
export interface PollQuestion {
  /** Configured symbols, at least one; all of the session's where one request asks for everything. */
  readonly symbols: readonly string[];
  /** Only what has changed after this point, as the venue wrote it in its last answer; null: everything. */
  readonly since: string | null;
  /** The tag of the last answer; null: none. */
  readonly etag: string | null;
  /** Account and token, for the templates that name them; null: none is configured. */
  readonly account: string | null;
  readonly token: string | null;
}

/** A request ready to be sent. Holds secrets: neither part may be logged. */
export interface PollRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One whole answer, inflated. */
export interface PollAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  /** Wall clock when its head was in hand, whole µs since the epoch. */
  readonly receivedTimeUs: number;
  /** Which of the session's instruments were asked for, as indexes. */
  readonly asked: readonly number[];
}

/** What an answer says, in our words. */
export type AnswerMeaning =
  /** Quotes, possibly none; those that are news have been given to the sink. */
  | {
      readonly kind: "quotes";
      /** The asked instruments the answer does not hold though it should: unknown to the venue under this name. */
      readonly missing: readonly number[];
      /** Where the next request may go on from; null when the venue has no such point. */
      readonly since: string | null;
    }
  /** The venue does not know one of the symbols, or does not like the request. */
  | { readonly kind: "refused"; readonly reason: string }
  /** We were too fast, or are banned. `blockMs` is how long to keep still unless a header says. */
  | { readonly kind: "rate_limited"; readonly reason: string; readonly blockMs: number }
  /** The venue cannot answer now. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** Another request cannot mend it. */
  | { readonly kind: "fatal"; readonly reason: string; readonly isCredentials: boolean }
  /** Cannot be decoded: closed list of reasons. */
  | { readonly kind: "rejected"; readonly reason: string };

/** Turns the answers of one session into quotes. Synchronous, never throws, keeps nothing of the body. */
export interface AnswerDecoder {
  decode(answer: PollAnswer): AnswerMeaning;
  /** The venue says that nothing has changed (304): the quotes of these instruments hold still. */
  confirm(asked: readonly number[], receivedTimeUs: number): void;
  /** The next quote of the instrument is published even when it is the same again. */
  forget(index: number): void;
}

/** What a decoder is made for. */
export interface AnswerDecoderParts {
  readonly instruments: readonly Instrument[];
  readonly sink: QuoteSink;
  readonly epoch: number;
  /** True: also quotes that are the same as the last one are given to the sink. */
  readonly publishUnchanged: boolean;
  /** A quote within a good answer could not be decoded; `bytes` is borrowed. */
  onReject(reason: string, bytes: Uint8Array): void;
}

/** A REST profile, checked and compiled: all an adapter needs to know of the venue. */
export interface CompiledRestVenue {
  readonly name: string;
  readonly description: string;
  readonly transport: "rest";
  /** Where it is polled, for people: without query, account and token. */
  readonly target: string;
  /** Host and port whose budget the requests count against. */
  readonly host: string;
  /** What the watchdogs go by: stretched where the interval is longer than the profile reckons with. */
  readonly limits: VenueLimits;
  readonly sequence: SequenceRule;
  readonly polling: PollingRules;
  /** What the venue allows an address, over all of its requests. */
  readonly windows: readonly BudgetWindow[];
  /** False where one request asks for everything: then no symbol can be asked for by itself. */
  readonly isPerSymbol: boolean;
  readonly needsAccount: boolean;
  readonly needsToken: boolean;
  /** Whether answers carry tags worth sending back (`If-None-Match`). */
  readonly hasEtag: boolean;
  /** What a request for so many symbols costs, in the unit of `windows`. */
  costOf(symbolCount: number): number;
  /** @throws IngestError `config_invalid` when a symbol cannot be one of the venue's, or two are the same there */
  createDecoder(parts: AnswerDecoderParts): AnswerDecoder;
  request(question: PollQuestion): PollRequest;
  /** What the headers of an answer say of the budget. `header` gives one by name, null when absent. */
  readUsage(header: (name: string) => string | null, wallMs: number): UsageReport[];
}
