import { isoMicroseconds } from "./iso-time.ts";
import type { Market } from "./market.ts";
import type { Conversation } from "./venue-dialect.ts";
import { MAX_HEADER_BYTES, Opcode, writeFrameHeader } from "./websocket-frames.ts";

/** Quotes of an instrument that are rendered once and sent in turn for ever, with new numbers and times. */
const RING_QUOTES = 64;
const ZERO = 48;

/** How a number or a time stands in a message. */
type StampKind = "sequence" | "updates" | "iso" | "us" | "ms" | "s";

interface Stamp {
  readonly kind: StampKind;
  readonly at: number;
  readonly length: number;
}

interface RenderedQuote {
  /** The whole WebSocket frame. */
  readonly frame: Buffer;
  readonly stamps: readonly Stamp[];
}

/**
 * The quotes of one instrument at full speed: prices and sizes are rendered once, and each frame is stamped in place when it
 * is sent. So a message costs the simulator a copy and a few digits, and the machine's time is left to the program it feeds.
 */
export class QuoteRing {
  readonly #market: Market;
  readonly #quotes: readonly RenderedQuote[];
  #next = 0;

  /** Takes the market `RING_QUOTES` steps on. */
  constructor(market: Market, conversation: Conversation) {
    this.#market = market;
    this.#quotes = Array.from({ length: RING_QUOTES }, () => {
      market.step(market.timeUs, market.changedAtMs);
      return renderQuote(market, conversation);
    });
  }

  /**
   * The frame of the next quote, with the market's present numbers and times. Borrowed: it is used again.
   *
   * @param isoNow the present time as the venues write it, rendered once for many quotes
   */
  next(isoNow: Uint8Array): Uint8Array {
    const quote = this.#quotes[this.#next];
    this.#next = (this.#next + 1) % RING_QUOTES;
    for (const stamp of quote.stamps) {
      if (stamp.kind === "iso") quote.frame.set(isoNow, stamp.at);
      else writeDigits(quote.frame, stamp, this.#valueOf(stamp.kind));
    }
    return quote.frame;
  }

  #valueOf(kind: StampKind): number {
    const { sequence, updates, timeUs } = this.#market;
    if (kind === "sequence") return sequence;
    if (kind === "updates") return updates;
    if (kind === "us") return timeUs;
    return Math.floor(timeUs / (kind === "ms" ? 1000 : 1_000_000));
  }
}

/** Finds where the text holds the market's own numbers and times; the longest first, as one may begin like another. */
function renderQuote(market: Market, conversation: Conversation): RenderedQuote {
  const text = conversation.quoteText(market);
  const { sequence, updates, timeUs } = market;
  const sought: readonly [StampKind, string][] = [
    ["iso", isoMicroseconds(timeUs)],
    ["us", String(timeUs)],
    ["ms", String(Math.floor(timeUs / 1000))],
    ["s", String(Math.floor(timeUs / 1_000_000))],
    ["sequence", String(sequence)],
    ["updates", String(updates)],
  ];
  const bytes = Buffer.alloc(MAX_HEADER_BYTES + text.length);
  const start = writeFrameHeader(bytes, 0, { opcode: Opcode.text, length: text.length });
  const end = start + bytes.write(text, start, "latin1");
  const stamps: Stamp[] = [];
  for (const [kind, value] of sought) {
    for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length)) {
      const isTaken = stamps.some((stamp) => at + start < stamp.at + stamp.length && at + start >= stamp.at);
      const isWhole = !isDigit(text.charCodeAt(at - 1)) && !isDigit(text.charCodeAt(at + value.length));
      if (!isTaken && isWhole) stamps.push({ kind, at: at + start, length: value.length });
    }
  }
  return { frame: bytes.subarray(0, end), stamps };
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

/** Writes a number over another of the same length. Nine digits at a time fit an integer register. */
function writeDigits(target: Uint8Array, stamp: Stamp, value: number): void {
  let high = Math.floor(value / 1_000_000_000);
  let low = value - high * 1_000_000_000;
  let at = stamp.at + stamp.length - 1;
  const middle = Math.max(stamp.at, stamp.at + stamp.length - 9);
  for (; at >= middle; at--) {
    const rest = (low / 10) | 0;
    target[at] = ZERO + low - rest * 10;
    low = rest;
  }
  for (; at >= stamp.at; at--) {
    const rest = (high / 10) | 0;
    target[at] = ZERO + high - rest * 10;
    high = rest;
  }
}
