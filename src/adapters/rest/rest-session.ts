import { IngestError } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { RequestBudget } from "../../runtime/request-budget.ts";
import type { AnswerDecoder, CompiledRestVenue } from "../../venues/compiled-rest-venue.ts";
import type { Session, SessionContext, SessionEnd } from "../adapter.ts";
import { AnswerReader, type ReadAnswer } from "./answer-reader.ts";
import { type HttpResult, httpGet } from "./http-get.ts";
import {
  allRefusedError,
  fatalError,
  rateLimitError,
  requestError,
  timeoutError,
  tooLargeError,
  unreadableError,
  venueError,
} from "./poll-errors.ts";
import { PollPlan, type PollSlot } from "./poll-plan.ts";
import { type PollSecrets, revealSecrets } from "./poll-secrets.ts";
import { SymbolBook } from "./symbol-book.ts";
import { VenueBudget } from "./venue-budget.ts";

/** Bad polls in a row that end the session. */
const BAD_POLLS_MAX = 5;
const NO_HEADERS = new Headers();

/** What a session needs beside its context. */
export interface RestSessionOptions extends PollSecrets {
  readonly venue: CompiledRestVenue;
  readonly budget: RequestBudget;
  readonly userAgent: string;
  readonly publishUnchanged: boolean;
  readonly staleAfterMs: number;
  readonly caPem: string | null;
}

/**
 * Polls one venue until it is ended or fails. The first answer opens it; a venue that cannot be reached before that fails it at
 * once, later only bad polls in a row do.
 */
export class RestSession implements Session {
  readonly ended: Promise<SessionEnd>;
  readonly #context: SessionContext;
  readonly #options: RestSessionOptions;
  readonly #plan: PollPlan;
  readonly #book: SymbolBook;
  readonly #budget: VenueBudget;
  readonly #decoder: AnswerDecoder;
  readonly #reader: AnswerReader;
  readonly #settle = Promise.withResolvers<SessionEnd>();
  readonly #unwatchPressure: () => void;
  readonly #onAbort = () => this.#end({ reason: "aborted" });
  /** Ends the wait for a permit. */
  readonly #stop = new AbortController();
  /** Ends the requests under way; renewed when they are given up. */
  #flight = new AbortController();
  #inFlight = 0;
  #isWaiting = false;
  #isPaused = false;
  /** The token's file is being read. */
  #isRefreshing = false;
  /** It was read, and no good answer has come since: it is not read a second time. */
  #hasRefreshed = false;
  #isOpen = false;
  /** How the session ended; null while it runs. */
  #how: SessionEnd | IngestError | null = null;
  #badInRow = 0;
  #timer: Timer | null = null;

  /** @throws IngestError when the venue does not take the instruments, or a secret it needs is not there */
  constructor(context: SessionContext, options: RestSessionOptions) {
    this.#context = context;
    this.#options = options;
    const { venue } = options;
    const { instruments, monitor, clock, epoch, quotes, signal, backpressure } = context;
    this.ended = this.#settle.promise;
    revealSecrets(venue, options);
    this.#budget = new VenueBudget(venue, options.budget, clock);
    this.#decoder = venue.createDecoder({
      instruments,
      sink: quotes,
      epoch,
      publishUnchanged: options.publishUnchanged,
      onReject: (reason, bytes) => monitor.onReject(reason, bytes),
    });
    this.#plan = new PollPlan({
      instrumentCount: instruments.length,
      symbolsPerRequest: venue.limits.symbolsPerRequest,
      isPerSymbol: venue.isPerSymbol,
      intervalMs: venue.polling.intervalMs,
      nowMs: clock.monotonicMs(),
    });
    this.#book = new SymbolBook(instruments, this.#plan, monitor);
    this.#reader = new AnswerReader({
      decoder: this.#decoder,
      monitor,
      clock,
      maxBodyBytes: venue.polling.maxBodyBytes,
      staleAfterMs: options.staleAfterMs,
    });
    this.#unwatchPressure = backpressure.onChange((isPaused) => this.#onPressure(isPaused));
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
    // Not before the caller has the session in hand.
    else this.#arm(0);
  }

  resubscribe(instrument: Instrument, _reason: string): void {
    const index = this.#context.instruments.indexOf(instrument);
    if (index < 0 || !this.#isOpen || this.#how !== null) return;
    if (!this.#book.resubscribe(index, this.#context.clock.monotonicMs())) return;
    this.#decoder.forget(index);
    this.#pump();
  }

  /** Starts whatever may start now, and arms the timer for what comes next. */
  #pump(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { clock, backpressure } = this.#context;
    if (this.#how !== null || this.#isWaiting || this.#isRefreshing) return;
    if (backpressure.isPaused) {
      this.#onPressure(true);
      return;
    }
    // A venue that is in trouble is asked by one request at a time: it never costs more than one time-out.
    const inFlightMax = this.#badInRow > 0 ? 1 : this.#options.venue.polling.inFlightMax;
    const next = this.#inFlight < inFlightMax ? this.#plan.next() : null;
    if (next === null) return;
    const waitMs = next.atMs - clock.monotonicMs();
    if (waitMs > 0) this.#arm(waitMs);
    else void this.#begin(next.slot);
  }

  #arm(delayMs: number): void {
    this.#timer = this.#context.clock.schedule(delayMs, () => this.#pump());
  }

  /** Waits for the budget's permit, then polls. */
  async #begin(slot: PollSlot): Promise<void> {
    this.#isWaiting = true;
    const permit = await this.#budget.permit(slot.asked.length, this.#stop.signal);
    this.#isWaiting = false;
    if (permit.kind === "held") this.#end(rateLimitError(this.#options.venue.target, permit.reason, permit.waitMs));
    const isHeld = this.#how !== null || this.#isPaused || this.#isRefreshing;
    if (permit.kind === "granted" && !isHeld && this.#plan.slots.includes(slot)) {
      this.#plan.start(slot, this.#context.clock.monotonicMs());
      void this.#poll(slot);
    }
    this.#pump();
  }

  async #poll(slot: PollSlot): Promise<void> {
    this.#inFlight++;
    try {
      const result = await this.#ask(slot);
      this.#plan.finish(slot);
      if (this.#how === null) this.#judge(slot, result);
    } catch (error) {
      this.#end(this.#toIngestError(error));
    } finally {
      this.#inFlight--;
    }
    if (this.#how === null) this.#pump();
    else this.#settleWhenDone();
  }

  #ask(slot: PollSlot): Promise<HttpResult> {
    const { venue, userAgent, caPem } = this.#options;
    const { instruments, clock } = this.#context;
    const symbols = slot.asked.map((index) => instruments[index].symbol);
    const secrets = revealSecrets(venue, this.#options);
    const request = venue.request({ symbols, since: slot.since, etag: slot.etag, ...secrets });
    return httpGet({
      url: request.url,
      headers: { "User-Agent": userAgent, ...request.headers },
      caPem,
      timeoutMs: venue.polling.timeoutMs,
      maxBodyBytes: venue.polling.maxBodyBytes,
      signal: this.#flight.signal,
      clock,
    });
  }

  #judge(slot: PollSlot, result: HttpResult): void {
    const { target, polling } = this.#options.venue;
    switch (result.kind) {
      case "aborted":
        // Given up because memory was full, or with a token that was refused: its turn comes first when that is over.
        slot.dueMs = this.#context.clock.monotonicMs();
        return;
      case "timeout":
        this.#onUnanswered(timeoutError(target, polling.timeoutMs, this.#isOpen));
        return;
      case "failed":
        this.#onUnanswered(requestError(target, result.code, this.#isOpen));
        return;
      case "too_large":
        this.#open();
        this.#act(slot, this.#reader.tooLarge(), NO_HEADERS);
        return;
      case "answer":
        this.#open();
        this.#budget.report(result.headers);
        this.#act(slot, this.#reader.read(slot, result), result.headers);
    }
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#context.monitor.onOpen();
  }

  #act(slot: PollSlot, read: ReadAnswer, headers: Headers): void {
    const { venue } = this.#options;
    const { target } = venue;
    switch (read.kind) {
      case "quotes":
        slot.since = read.since ?? slot.since;
        slot.etag = venue.hasEtag ? headers.get("etag") : null;
        this.#onGood(slot, read.missing);
        return;
      case "unchanged":
        this.#onGood(slot, []);
        return;
      case "refused":
        this.#book.onRefused(slot, read.reason, this.#context.clock.monotonicMs());
        if (this.#book.isAllRefused) this.#end(allRefusedError(target, read.reason));
        return;
      case "rate_limited":
        this.#onBad(rateLimitError(target, read.reason, this.#budget.block(headers, read.reason, read.blockMs)));
        return;
      case "unavailable":
        this.#onBad(venueError(target, read.reason, this.#budget.block(headers, read.reason, 0)));
        return;
      case "fatal":
        this.#onFatal(slot, fatalError(target, read.reason, read.isCredentials), read.isCredentials);
        return;
      case "too_large":
        this.#onBad(tooLargeError(target, venue.polling.maxBodyBytes));
        return;
      case "rejected":
        this.#onBad(unreadableError(target, read.reason));
    }
  }

  #onGood(slot: PollSlot, missing: readonly number[]): void {
    const nowMs = this.#context.clock.monotonicMs();
    slot.lastGoodMs = nowMs;
    this.#badInRow = 0;
    this.#hasRefreshed = false;
    this.#context.monitor.onData();
    this.#book.onGood(slot, missing, nowMs);
    if (this.#book.isAllRefused) {
      this.#end(allRefusedError(this.#options.venue.target, "the answer does not hold it"));
    }
  }

  /** A token that is refused may have been renewed in its file: that is looked for once. */
  #onFatal(slot: PollSlot, error: IngestError, isCredentials: boolean): void {
    if (!isCredentials || !this.#options.venue.needsToken || this.#hasRefreshed) {
      this.#end(error);
      return;
    }
    this.#hasRefreshed = true;
    this.#isRefreshing = true;
    // What is under way carries the old one.
    this.#giveUpFlight();
    this.#refreshToken(slot, error).catch((thrown: unknown) => this.#end(this.#toIngestError(thrown)));
  }

  async #refreshToken(slot: PollSlot, refusal: IngestError): Promise<void> {
    const hasOther = await this.#options.token.refresh();
    this.#isRefreshing = false;
    if (!hasOther) this.#end(refusal);
    slot.dueMs = this.#context.clock.monotonicMs();
    this.#pump();
  }

  #giveUpFlight(): void {
    this.#flight.abort();
    this.#flight = new AbortController();
  }

  /** No answer at all: before the first one it is the connection that failed. */
  #onUnanswered(error: IngestError): void {
    if (this.#isOpen) this.#onBad(error);
    else this.#end(error);
  }

  #onBad(error: IngestError): void {
    this.#badInRow++;
    if (this.#badInRow >= BAD_POLLS_MAX) this.#end(error);
  }

  /** Nothing is asked for while memory is full; what comes afterwards is published anew, as quotes may have been dropped. */
  #onPressure(isPaused: boolean): void {
    if (this.#how !== null || this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) {
      this.#timer?.cancel();
      this.#timer = null;
      this.#giveUpFlight();
      this.#context.monitor.onPause();
      return;
    }
    for (const index of this.#context.instruments.keys()) this.#decoder.forget(index);
    this.#pump();
  }

  /** Ends the session once, whatever comes afterwards. */
  #end(how: SessionEnd | IngestError): void {
    if (this.#how !== null) return;
    this.#how = how;
    this.#timer?.cancel();
    this.#timer = null;
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    this.#unwatchPressure();
    this.#stop.abort();
    this.#flight.abort();
    this.#settleWhenDone();
  }

  /** The session is over when no request is under way any more; an abort ends each at once. */
  #settleWhenDone(): void {
    if (this.#how === null || this.#inFlight > 0) return;
    if (this.#how instanceof IngestError) this.#settle.reject(this.#how);
    else this.#settle.resolve(this.#how);
  }

  #toIngestError(error: unknown): IngestError {
    if (error instanceof IngestError) return error;
    const name = error instanceof Error ? error.name : "an unknown error";
    return new IngestError(`Cannot poll ${this.#options.venue.target}: an answer could not be taken, ${name}`, {
      code: "venue_error",
      retry: "backoff",
      cause: error,
    });
  }
}
