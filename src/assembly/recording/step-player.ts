import type { InterruptionSink } from "../../adapters/feed-parts.ts";
import { loadSlowRead, type SlowRead } from "../../adapters/fix/engine/load-slow-reader.ts";
import { ReplayedBooks } from "../../adapters/fix/replayed-books.ts";
import { sessionPlan } from "../../adapters/fix/session-books.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { QuoteSink } from "../../domain/quote.ts";
import type { AnswerDecoder } from "../../venues/compiled-rest-venue.ts";
import { FrameKind } from "../../venues/compiled-venue.ts";
import type { EnabledFeed, EnabledFixFeed } from "../prepare-feeds.ts";
import { fromRecordedBytes, type RecordedStep } from "./recording-format.ts";

/** A decoder of any transport, as far as it is played to. */
interface PlayedDecoder {
  /** True when it could be decoded. */
  take(step: Extract<RecordedStep, { kind: "frame" | "answer" }>): boolean;
  confirm(asked: readonly number[], timeUs: number): void;
  forget(index: number): void;
  mute(index: number): void;
  /** FIX alone. */
  readonly books?: ReplayedBooks;
}

/** Where the steps go. */
export interface StepPlayerOptions {
  /** Its instruments are those the recording names, by symbol. */
  readonly feed: EnabledFeed;
  readonly quotes: QuoteSink;
  readonly interruptions: InterruptionSink;
  /** Whether the record holds the venue's message. */
  readonly hasRaw: boolean;
}

/** Decoders of the last sessions are kept, in case two of them overlapped: a handover, or the calls of a gRPC session. */
const DECODERS_MAX = 4096;

/** Gives the steps of a recording to decoders as they were made when it was recorded, and what they say to the pipeline. */
export class StepPlayer {
  /** Frames and answers played. */
  frames = 0;
  bytes = 0;
  rejected = 0;
  readonly #options: StepPlayerOptions;
  readonly #bySymbol: ReadonlyMap<string, Instrument>;
  readonly #decoders = new Map<number, PlayedDecoder>();
  #readSlowly: SlowRead = () => false;

  constructor(options: StepPlayerOptions) {
    this.#options = options;
    this.#bySymbol = new Map(options.feed.instruments.map((instrument) => [instrument.symbol, instrument]));
  }

  /** Loads what decoding takes; before the first step. */
  async prepare(): Promise<void> {
    const { feed } = this.#options;
    if (feed.transport !== "fix") return;
    const { dictionary } = feed.settings;
    this.#readSlowly = await loadSlowRead({
      plan: sessionPlan(bookSettings(feed)),
      dictionaryXml: dictionary?.xml ?? null,
      maxMessageBytes: feed.venue.limits.maxMessageBytes,
    });
  }

  /** Plays one step; one that names what the recording has not opened is left out. */
  play(step: RecordedStep): void {
    const { interruptions } = this.#options;
    switch (step.kind) {
      case "open":
        this.#open(step);
        return;
      case "frame":
      case "answer":
        this.#take(step);
        return;
      case "confirm":
        this.#decoders.get(step.decoder)?.confirm(step.asked, step.timeUs);
        return;
      case "forget":
        this.#decoders.get(step.decoder)?.forget(step.index);
        return;
      case "mute":
        this.#decoders.get(step.decoder)?.mute(step.index);
        return;
      case "cancel":
      case "bind":
      case "unbind":
      case "distrust":
        playToBooks(this.#decoders.get(step.decoder)?.books, step);
        return;
      case "interrupt":
        interruptions.interrupt(this.#instruments(step.symbols), step.reason, step.timeUs);
        return;
      case "gap": {
        const { isWhole, from, to, timeUs } = step;
        interruptions.reportGap({ instruments: this.#instruments(step.symbols), isWhole, from, to, timeUs });
        return;
      }
      case "end":
        return;
    }
  }

  #open({ decoder, epoch, symbols }: Extract<RecordedStep, { kind: "open" }>): void {
    const [oldest] = this.#decoders.keys();
    if (this.#decoders.size >= DECODERS_MAX && oldest !== undefined) this.#decoders.delete(oldest);
    this.#decoders.set(decoder, this.#createDecoder(this.#instruments(symbols), epoch));
  }

  #take(step: Extract<RecordedStep, { kind: "frame" | "answer" }>): void {
    this.frames++;
    this.bytes += "text" in step ? step.text.length : Math.floor(step.base64.length * 0.75);
    if (this.#decoders.get(step.decoder)?.take(step) === false) this.rejected++;
  }

  #instruments(symbols: readonly string[]): Instrument[] {
    return symbols.flatMap((symbol) => this.#bySymbol.get(symbol) ?? []);
  }

  #createDecoder(instruments: readonly Instrument[], epoch: number): PlayedDecoder {
    const { feed, quotes, hasRaw } = this.#options;
    if (feed.transport === "rest") {
      const publishUnchanged = feed.config.publishUnchanged === "on";
      const parts = { instruments, sink: quotes, epoch, publishUnchanged, onReject: () => void this.rejected++ };
      return answersOf(feed.venue.createDecoder(parts));
    }
    if (feed.transport === "websocket") {
      const decoder = feed.venue.createDecoder(instruments, quotes, epoch);
      return {
        ...NOTHING,
        take: (step) => decoder.decode(fromRecordedBytes(step), step.timeUs) !== FrameKind.rejected,
      };
    }
    if (feed.transport === "grpc" && feed.schema !== null) {
      const decoder = feed.venue.bind(feed.schema).createDecoder({ instruments, sink: quotes, epoch, hasRaw });
      return {
        ...NOTHING,
        take: (step) => decoder.decode(fromRecordedBytes(step), step.timeUs) !== FrameKind.rejected,
        mute: (index) => decoder.mute(index),
      };
    }
    if (feed.transport === "fix") {
      const { publish } = feed.settings;
      const settings = { ...bookSettings(feed), publish, readSlowly: this.#readSlowly };
      const books = new ReplayedBooks({ ...settings, instruments, epoch, quotes });
      return { ...NOTHING, books, take: (step) => books.take(fromRecordedBytes(step), step.timeUs) };
    }
    throw new Error(`Bug: a recording of transport ${feed.transport} was let pass`);
  }
}

function bookSettings({ venue, settings }: EnabledFixFeed) {
  return { venue, depth: settings.depth, isSubscribing: settings.subscribe === "on" };
}

function playToBooks(
  books: ReplayedBooks | undefined,
  step: Extract<RecordedStep, { kind: "cancel" | "bind" | "unbind" | "distrust" }>,
): void {
  switch (step.kind) {
    case "cancel": {
      const { symbol, timeUs, entry } = step;
      books?.cancel(fromRecordedBytes(step), {
        symbol,
        timeUs,
        entry: entry === null ? null : Buffer.from(entry, "base64"),
      });
      return;
    }
    case "bind":
      books?.bind(step.request, step.symbols);
      return;
    case "unbind":
      books?.unbind(step.request);
      return;
    case "distrust":
      books?.distrust(step.symbol, step.reason);
      return;
  }
}

const NOTHING = { confirm: () => {}, forget: () => {}, mute: () => {} };

function answersOf(decoder: AnswerDecoder): PlayedDecoder {
  return {
    ...NOTHING,
    take: (step) => {
      if (step.kind !== "answer") return false;
      const { status, asked, timeUs: receivedTimeUs } = step;
      return decoder.decode({ status, body: fromRecordedBytes(step), receivedTimeUs, asked }).kind !== "rejected";
    },
    confirm: (asked, timeUs) => decoder.confirm(asked, timeUs),
    forget: (index) => decoder.forget(index),
  };
}
