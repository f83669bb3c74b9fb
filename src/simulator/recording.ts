import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { IngestError } from "../domain/ingest-error.ts";
import { DIALECTS, findDialect, findDialectsByHost } from "./dialect-registry.ts";
import { readJsonObject } from "./quote-fields.ts";
import type { VenueDialect } from "./venue-dialect.ts";

/** Largest recording, unpacked. */
const MAX_RECORDING_BYTES = 512 * 1024 * 1024;
/** Messages looked at to tell whose a recording is. */
const GUESS_FRAMES = 1000;
/** Spacing of frames that carry no time, ms. */
const DEFAULT_SPACING_MS = 50;
const GZIP_MAGIC = 0x1f8b;

/** One message a venue sent. */
export interface RecordedFrame {
  /** Time since the first frame that has a topic, ms; 0 before it. */
  readonly offsetMs: number;
  readonly text: string;
  /** The subscription it belongs to; null for acks, heartbeats and what the dialect does not know. */
  readonly topic: string | null;
}

/** A venue's messages, ready to be played. */
export interface Recording {
  readonly dialect: VenueDialect;
  readonly frames: readonly RecordedFrame[];
  /** Symbols that occur in it, in order of their first frame. */
  readonly symbols: readonly string[];
  /** Frames per topic. */
  readonly topics: ReadonlyMap<string, number>;
  /** True when it held no message of our channel, and quotes of another one were put in the form of ours. */
  readonly isTranslated: boolean;
  /** Lines that hold no message from the venue. */
  readonly skippedLines: number;
}

interface Line {
  readonly timeMs: number | null;
  readonly text: string;
}

/**
 * Reads a recording from a file; `.gz` is recognised by its content.
 *
 * @param venue whose messages they are; absent: told by the recorded URL, else by the messages themselves
 * @throws IngestError `config_invalid` when it cannot be read, holds no message, or is of no venue we can simulate
 */
export function loadRecording(path: string, venue?: string): Recording {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
    if (bytes.length > 2 && bytes.readUInt16BE(0) === GZIP_MAGIC) {
      bytes = gunzipSync(bytes, { maxOutputLength: MAX_RECORDING_BYTES });
    }
  } catch (cause) {
    throw unusable(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (bytes.length > MAX_RECORDING_BYTES) throw unusable(path, `it is larger than ${MAX_RECORDING_BYTES} bytes`);
  return parseRecording(bytes.toString("utf8"), { name: basename(path), ...(venue === undefined ? {} : { venue }) });
}

/**
 * Reads a recording from its text: cryptofeed's form (`<url> <-> <time>` at connect, `<url> <- <time>: <request>` outgoing,
 * `<time>: <message>` incoming) or plain JSON lines.
 */
export function parseRecording(text: string, options: { name: string; venue?: string }): Recording {
  const { lines, host, skipped } = readLines(text);
  if (lines.length === 0) throw unusable(options.name, "it holds no messages from a venue");
  const dialect = chooseDialect(lines, host, options);
  const { messages, isTranslated } = findTopics(lines, dialect);
  const first = messages.findIndex((message) => message.topic !== null);
  if (first < 0) throw unusable(options.name, `it holds no market data of venue '${dialect.venue}'`);
  const startMs = messages[first].timeMs;
  const frames: RecordedFrame[] = messages.map(({ timeMs, text, topic }, index) => {
    const hasTimes = timeMs !== null && startMs !== null;
    const sinceFirst = hasTimes ? timeMs - startMs : (index - first) * DEFAULT_SPACING_MS;
    return { offsetMs: Math.max(0, sinceFirst), text, topic };
  });
  const topics = new Map<string, number>();
  for (const { topic } of frames) if (topic !== null) topics.set(topic, (topics.get(topic) ?? 0) + 1);
  const symbols = new Set<string>();
  for (const topic of topics.keys()) {
    const symbol = dialect.topicSymbol(topic);
    if (symbol !== null) symbols.add(symbol);
  }
  return { dialect, frames, symbols: [...symbols], topics, isTranslated, skippedLines: skipped };
}

/** Symbols whose quotes it holds, in order of their first. */
export function quoteSymbols(recording: Recording): string[] {
  return [...recording.topics.keys()].flatMap((topic) => recording.dialect.quoteSymbol(topic) ?? []);
}

/** Frames that a subscription to the quotes of all its symbols would get. */
export function countQuoteFrames(recording: Recording): number {
  let count = 0;
  for (const [topic, frames] of recording.topics) if (recording.dialect.quoteSymbol(topic) !== null) count += frames;
  return count;
}

interface Message extends Line {
  readonly topic: string | null;
}

function findTopics(lines: readonly Line[], dialect: VenueDialect): { messages: Message[]; isTranslated: boolean } {
  const parsed = lines.map((line) => ({ line, message: readJsonObject(line.text) }));
  const messages = parsed.map(({ line, message }) => ({ ...line, topic: dialect.topicOfMessage(message) }));
  const hasQuotes = messages.some(({ topic }) => topic !== null && dialect.quoteSymbol(topic) !== null);
  const translate = hasQuotes ? undefined : dialect.createTranslator?.();
  if (translate === undefined) return { messages, isTranslated: false };
  let isTranslated = false;
  for (const [index, { message }] of parsed.entries()) {
    const said = translate(message);
    if (said === null) continue;
    messages[index] = { ...messages[index], ...said };
    isTranslated = true;
  }
  return { messages, isTranslated };
}

function readLines(text: string): { lines: Line[]; host: string | null; skipped: number } {
  const lines: Line[] = [];
  let host: string | null = null;
  let skipped = 0;
  for (const raw of text.split("\n")) {
    const connect = /^(\S+) <-> [\d.]+$/.exec(raw);
    if (connect !== null) {
      host = hostOf(connect[1]) ?? host;
      continue;
    }
    const stamped = /^(\d+(?:\.\d+)?): /.exec(raw);
    if (stamped !== null) lines.push({ timeMs: Number(stamped[1]) * 1000, text: raw.slice(stamped[0].length) });
    else if (raw.startsWith("{")) lines.push({ timeMs: null, text: raw });
    else if (raw !== "") skipped++;
  }
  return { lines, host, skipped };
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null;
}

function chooseDialect(
  lines: readonly Line[],
  host: string | null,
  options: { name: string; venue?: string },
): VenueDialect {
  if (options.venue !== undefined) {
    const named = findDialect(options.venue);
    if (named === null) throw unusable(options.name, `there is no simulated venue '${options.venue}'`);
    return named;
  }
  const candidates = host === null ? DIALECTS : findDialectsByHost(host);
  if (candidates.length === 0) {
    throw unusable(options.name, `it was recorded from ${host}, which is no venue we simulate`);
  }
  const best = bestDialect(lines, candidates);
  if (best !== null) return best;
  if (host !== null) return candidates[0];
  throw unusable(options.name, "its messages are of no venue we simulate: name one with --venue");
}

/** The dialect that finds the most quotes in the first messages, else the one that knows the most of them. */
function bestDialect(lines: readonly Line[], candidates: readonly VenueDialect[]): VenueDialect | null {
  const messages = lines.slice(0, GUESS_FRAMES).map((line) => readJsonObject(line.text));
  let best: VenueDialect | null = null;
  let most = 0;
  for (const dialect of candidates) {
    let score = 0;
    for (const message of messages) {
      const topic = dialect.topicOfMessage(message);
      if (topic !== null) score += dialect.quoteSymbol(topic) === null ? 1 : 1 + GUESS_FRAMES;
    }
    if (score <= most) continue;
    most = score;
    best = dialect;
  }
  return best;
}

function unusable(name: string, why: string, cause?: unknown): IngestError {
  return new IngestError(`Cannot replay '${name}': ${why}`, { code: "config_invalid", retry: "never", cause });
}
