import type { Instrument } from "../../src/domain/instrument.ts";
import { type QuoteSink, QuoteView } from "../../src/domain/quote.ts";
import {
  type CompiledVenue,
  type ControlMessage,
  FrameKind,
  type OutgoingRequest,
  type VenueLimits,
} from "../../src/venues/compiled-venue.ts";

/**
 * A venue that speaks plain words, so that a test reads like the wire:
 *
 *     we:   SUB 1 A,B · UNSUB 2 A · PING 3
 *     they: ACK 1 · ACK 0 A,B · SOME 1 A · ASK word (we: SAY word) · NO 1 text · NO 0 A text · FATAL text · LIMIT text · RECONNECT text · HB
 *           Q A 1.10 1.20            a quote of A
 *
 * Everything else is rejected as `unknown`.
 */
export type TextVenueOptions = Partial<Pick<CompiledVenue, "ping" | "ackTimeoutMs" | "url" | "headers">> & {
  readonly opening?: readonly string[];
  readonly limits?: Partial<VenueLimits>;
  /** Whether requests carry ids; without, acks and refusals have to name symbols or nothing. */
  readonly hasIds?: boolean;
};

const LIMITS: VenueLimits = {
  symbolsPerConnection: 100,
  symbolsPerRequest: 10,
  messageSpacingMs: 0,
  connects: { count: 1000, windowMs: 1000 },
  maxMessageBytes: 64 * 1024,
  maxSessionMs: 0,
  deadAfterMs: 10_000,
  staleAfterMs: 5000,
};

/** Compiles the venue of plain words. */
export function createTextVenue(options: TextVenueOptions = {}): CompiledVenue {
  const limits = { ...LIMITS, ...options.limits };
  const requests = (verb: string, symbols: readonly string[], nextId: () => number): OutgoingRequest[] => {
    const out: OutgoingRequest[] = [];
    for (let i = 0; i < symbols.length; i += limits.symbolsPerRequest) {
      const part = symbols.slice(i, i + limits.symbolsPerRequest);
      const id = options.hasIds === false ? 0 : nextId();
      out.push({ text: `${verb} ${id} ${part.join(",")}`, id, symbols: part });
    }
    return out;
  };
  return {
    name: "text",
    description: "A venue of plain words",
    transport: "websocket",
    url: options.url ?? "ws://127.0.0.1:1/",
    headers: options.headers ?? {},
    limits,
    ping: options.ping ?? null,
    sequence: { kind: "none", isEqualDuplicate: false, resetValue: null, onGap: "continue" },
    ackTimeoutMs: options.ackTimeoutMs ?? 2000,
    createDecoder: (instruments, sink, epoch) => new TextDecoder(instruments, sink, epoch),
    openingTexts: () => [...(options.opening ?? [])],
    subscribeRequests: (symbols, nextId) => requests("SUB", symbols, nextId),
    unsubscribeRequests: (symbols, nextId) => requests("UNSUB", symbols, nextId),
    pingText: (nextId) => `PING ${nextId()}`,
    readControl,
  };
}

class TextDecoder {
  rejectReason = "";
  readonly #view = new QuoteView();
  readonly #bySymbol: ReadonlyMap<string, Instrument>;
  readonly #sink: QuoteSink;

  constructor(instruments: readonly Instrument[], sink: QuoteSink, epoch: number) {
    this.#bySymbol = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
    this.#sink = sink;
    this.#view.epoch = epoch;
  }

  decode(frame: Uint8Array, receivedTimeUs: number): FrameKind {
    const text = Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString("latin1");
    const words = text.split(" ");
    if (words[0] === "HB" || words[0] === "PONG") return FrameKind.heartbeat;
    if (["ACK", "SOME", "ASK", "NO", "FATAL", "LIMIT", "RECONNECT"].includes(words[0])) return FrameKind.control;
    if (words[0] !== "Q") {
      this.rejectReason = "unknown";
      return FrameKind.rejected;
    }
    const instrument = this.#bySymbol.get(words[1]);
    if (instrument === undefined) return FrameKind.ignored;
    const bidStart = text.indexOf(words[2]);
    const view = this.#view;
    view.instrument = instrument;
    view.fields = frame;
    view.bidPriceStart = bidStart;
    view.bidPriceEnd = bidStart + words[2].length;
    view.askPriceStart = view.bidPriceEnd + 1;
    view.askPriceEnd = view.askPriceStart + words[3].length;
    view.receivedTimeUs = receivedTimeUs;
    view.raw = frame;
    view.rawEnd = frame.length;
    this.#sink.accept(view);
    return FrameKind.quote;
  }
}

function readControl(frame: Uint8Array): ControlMessage {
  const [word, ...rest] = Buffer.from(frame).toString("latin1").split(" ");
  const id = Number(rest[0]);
  if (word === "ACK") return { kind: "ack", id, symbols: rest[1]?.split(",") ?? [] };
  if (word === "SOME") return { kind: "accepted", id, symbols: rest[1]?.split(",") ?? [] };
  if (word === "ASK") return { kind: "answer", text: `SAY ${rest.join(" ")}` };
  if (word === "NO") {
    const isNamed = rest.length > 2;
    return { kind: "refusal", id, symbols: isNamed ? [rest[1]] : [], text: rest[isNamed ? 2 : 1] };
  }
  if (word === "FATAL" || word === "LIMIT")
    return { kind: "fatal", text: rest.join(" "), isRateLimit: word === "LIMIT" };
  return word === "RECONNECT" ? { kind: "reconnect", text: rest.join(" ") } : { kind: "none" };
}
