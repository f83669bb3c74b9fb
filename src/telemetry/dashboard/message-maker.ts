import type { MetricsSnapshot } from "../metrics-snapshot.ts";
import { sanitizeText } from "../sanitize-text.ts";
import { readBoard } from "./board-reader.ts";
import type { DashboardTaps } from "./dashboard-taps.ts";
import type { Board, HelloMessage, HistoryMessage, UpdateMessage } from "./protocol.ts";
import { INSTRUMENTS_MAX } from "./quote-watch.ts";
import { Sampler } from "./sampler.ts";
import type { Frames } from "./viewers.ts";

/** Instruments with a new quote in one update; the others come with the next. */
export const QUOTES_PER_UPDATE_MAX = 400;
/** Events in the first message, and in an update. */
const EVENTS_AT_FIRST_MAX = 300;
const EVENTS_PER_UPDATE_MAX = 50;

/** What the messages are made of. */
export interface MessageParts {
  readonly pageId: string;
  readonly taps: DashboardTaps;
  readonly redact: (text: string) => string;
}

/** Makes the messages to viewers out of snapshots, what was tapped, and what was seen before. */
export class MessageMaker {
  readonly #parts: MessageParts;
  readonly #sampler = new Sampler();
  #sinkTrouble = "";
  #spoolTrouble = "";

  constructor(parts: MessageParts) {
    this.#parts = parts;
  }

  /** Takes in a snapshot for rates, latencies and history, and notes what has become of sink and spool; once a second. */
  sample(snapshot: MetricsSnapshot): void {
    this.#sampler.add(snapshot);
    this.#noteSink(snapshot);
    this.#noteSpool(snapshot);
  }

  /** Viewers that come now are told of earlier events by their first message. */
  beginUpdates(): void {
    this.#parts.taps.events.mark();
    this.#parts.taps.events.takeCrowdedOut();
  }

  /** The messages of this moment; what was told in an update is not told again in the next. */
  frames(snapshot: MetricsSnapshot, viewers: Board["viewers"]): Frames {
    const told = this.#parts.taps.events.mark();
    const crowdedOut = this.#parts.taps.events.takeCrowdedOut();
    const board = readBoard({ snapshot, sampler: this.#sampler, clean: (text) => this.#clean(text), viewers });
    return {
      full: () => JSON.stringify(this.#hello(snapshot, board)),
      update: () => JSON.stringify(this.#update(board, { told, crowdedOut })),
    };
  }

  /** The answer to who asks for the history of a feed. */
  history(feed: string | null): string {
    return JSON.stringify({
      type: "history",
      feed,
      history: this.#sampler.history.read(feed),
    } satisfies HistoryMessage);
  }

  #hello({ build, startTimeSeconds, feeds }: MetricsSnapshot, board: Board): HelloMessage {
    const { pageId, taps, redact } = this.#parts;
    const subscribed = feeds.reduce((sum, feed) => sum + feed.subscriptions.length, 0);
    return {
      type: "hello",
      pageId,
      product: { ...build, startedMs: Math.round(startTimeSeconds * 1000) },
      board,
      sampleMs: this.#sampleMs,
      instruments: firstInstruments(feeds),
      instrumentsLeftOut: Math.max(0, subscribed - INSTRUMENTS_MAX),
      quotes: taps.quotes?.all() ?? [],
      events: taps.events.since(0, EVENTS_AT_FIRST_MAX, redact).rows,
      history: this.#sampler.history.read(null),
    };
  }

  #update(board: Board, { told, crowdedOut }: { told: number; crowdedOut: number }): UpdateMessage {
    const { taps, redact } = this.#parts;
    const { rows: events, leftOut } = taps.events.since(told, EVENTS_PER_UPDATE_MAX, redact);
    return {
      type: "update",
      board,
      sampleMs: this.#sampleMs,
      quotes: taps.quotes?.takeFresh(QUOTES_PER_UPDATE_MAX) ?? [],
      events,
      eventsLeftOut: leftOut + crowdedOut,
    };
  }

  get #sampleMs(): number {
    return Math.round(this.#sampler.last?.wallMs ?? 0);
  }

  #clean(text: string): string {
    return text === "" ? text : sanitizeText(this.#parts.redact(text));
  }

  #noteSink({ sink, wallMs }: MetricsSnapshot): void {
    if (sink.trouble === this.#sinkTrouble) return;
    this.#sinkTrouble = sink.trouble;
    const isWell = sink.trouble === "";
    const text = isWell ? "can be written again" : sink.trouble;
    const tone = isWell ? "good" : "bad";
    this.#parts.taps.events.note({ timeMs: wallMs, tone, kind: "sink", source: sink.kind, text });
  }

  #noteSpool({ spool, wallMs }: MetricsSnapshot): void {
    if (spool === null) return;
    const trouble = spool.state === "ok" ? "" : `${spool.state}${spool.trouble === "" ? "" : `: ${spool.trouble}`}`;
    if (trouble === this.#spoolTrouble) return;
    this.#spoolTrouble = trouble;
    const isWell = trouble === "";
    const text = isWell ? "takes batches again" : trouble;
    this.#parts.taps.events.note({
      timeMs: wallMs,
      tone: isWell ? "good" : "bad",
      kind: "spool",
      source: "spool",
      text,
    });
  }
}

function firstInstruments(feeds: MetricsSnapshot["feeds"]): [string, string][] {
  const found: [string, string][] = [];
  for (const feed of feeds) {
    for (const { symbol } of feed.subscriptions) {
      if (found.length >= INSTRUMENTS_MAX) return found;
      found.push([feed.name, symbol]);
    }
  }
  return found;
}
