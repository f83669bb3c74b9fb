import type { InterruptionSink } from "../adapters/feed-parts.ts";
import type { EnabledFeed } from "../assembly/prepare-feeds.ts";
import { createSoloFeed } from "../assembly/solo-feed.ts";
import type { FeedEvent } from "../domain/feed-event.ts";
import type { QuoteView } from "../domain/quote.ts";
import { createLog } from "../telemetry/log.ts";
import { sanitizeText } from "../telemetry/sanitize-text.ts";
import type { CommandContext } from "./command.ts";
import type { LoadedSolo } from "./load-solo.ts";

/** Longest time a command of this kind can be told to run, s. */
const SECONDS_MAX = 30 * 24 * 3600;
const COUNT_MAX = 1_000_000_000;

/** When to end; null: at Ctrl-C. */
export interface SoloLimits {
  readonly count: number | null;
  readonly seconds: number | null;
}

/** What a command does with the feed. */
export interface SoloWork {
  readonly loaded: LoadedSolo;
  /** The feed as it is run: with a tap in it, perhaps. */
  readonly feed: EnabledFeed;
  readonly seconds: number | null;
  readonly interruptions?: InterruptionSink;
  onQuote(quote: QuoteView, stop: () => void): void;
  /** Gets what ends the run at once, before the feed starts. */
  onStart?(stop: () => void): void;
}

/** Runs one feed, without a sink, until it is told to end; its changes of state go to standard error. */
export async function runSolo(context: CommandContext, work: SoloWork): Promise<void> {
  const { loaded, seconds, interruptions } = work;
  const { clock, random } = context;
  const { config, redact, readSecret } = loaded;
  const log = createLog({ level: "silent", redact, clock });
  const ended = Promise.withResolvers<void>();
  const stop = () => ended.resolve();
  if (context.stop.aborted) stop();
  context.stop.addEventListener("abort", stop, { once: true });
  const timer = seconds === null ? null : clock.schedule(seconds * 1000, stop);
  const feed = createSoloFeed({
    feed: work.feed,
    config,
    clock,
    random,
    readSecret,
    log,
    onQuote: (quote) => work.onQuote(quote, stop),
    onEvent: (event) => {
      const text = eventText(event);
      if (text !== "") context.complain(`${sanitizeText(redact(text))}\n`);
    },
    ...(interruptions === undefined ? {} : { interruptions }),
  });
  work.onStart?.(stop);
  feed.start();
  await ended.promise;
  timer?.cancel();
  await feed.stop();
  log.close();
}

/** `--count` and `--seconds`, or what is wrong with them. */
export function readLimits(values: { count?: string | undefined; seconds?: string | undefined }): SoloLimits | string {
  const count = wholeNumber(values.count, COUNT_MAX);
  if (count === undefined) return `Cannot use --count '${values.count}': it must be a whole number, 1 to ${COUNT_MAX}`;
  const seconds = wholeNumber(values.seconds, SECONDS_MAX);
  if (seconds === undefined) {
    return `Cannot use --seconds '${values.seconds}': it must be a whole number, 1 to ${SECONDS_MAX}`;
  }
  return { count, seconds };
}

/** Null when it is not given, undefined when it is no good. */
export function wholeNumber(text: string | undefined, max: number): number | null | undefined {
  if (text === undefined) return null;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= max ? value : undefined;
}

function eventText(event: FeedEvent): string {
  switch (event.type) {
    case "market-data.feed-status": {
      const why = event.message === "" ? "" : `: ${event.message}`;
      const retry = event.retryInMs > 0 ? `; next try in ${Math.round(event.retryInMs)} ms` : "";
      return `${event.source}: ${event.to}${why}${retry}`;
    }
    case "market-data.sequence-gap":
      return `${event.source}${event.symbol === undefined ? "" : ` ${event.symbol}`}: gap in the venue's numbers, ${event.from} to ${event.to}`;
    case "market-data.feed-stale":
      return `${event.source}${event.symbol === undefined ? "" : ` ${event.symbol}`}: no data for ${event.silentMs} ms`;
    case "market-data.dropped":
      return "";
  }
}
