import type { Instrument } from "../../domain/instrument.ts";
import type { CompiledGrpcVenue, GrpcDecoder, GrpcStream } from "../../venues/compiled-grpc-venue.ts";
import type { AnswerDecoder, CompiledRestVenue } from "../../venues/compiled-rest-venue.ts";
import type { CompiledVenue, FrameDecoder } from "../../venues/compiled-venue.ts";
import type { EnabledFeed } from "../prepare-feeds.ts";
import { type RecordedStep, toRecordedBytes } from "./recording-format.ts";
import { tapBooks } from "./tap-fix.ts";

/** Takes each step as it happens. */
export type StepSink = (step: RecordedStep) => void;

/**
 * The feed with a decoder that tells all it is given before it decodes it. The feed itself is as it was: what is not recorded
 * runs without a trace of this. Null for a feed whose messages nobody else could read.
 */
export function tapFeed(feed: EnabledFeed, sink: StepSink): EnabledFeed | null {
  const tap = new Tap(sink);
  switch (feed.transport) {
    case "websocket":
      return { ...feed, venue: tapVenue(feed.venue, tap) };
    case "rest":
      return { ...feed, venue: tapRestVenue(feed.venue, tap) };
    case "grpc":
      // Asked by reflection, the types are the server's alone, and nobody could read the recording without it.
      return feed.schema === null ? null : { ...feed, venue: tapGrpcVenue(feed.venue, tap) };
    case "fix":
      return { ...feed, wrapBooks: tapBooks(tap) };
  }
}

/** Numbers the decoders. */
class Tap {
  readonly write: StepSink;
  #last = 0;

  constructor(sink: StepSink) {
    this.write = sink;
  }

  open(instruments: readonly Instrument[], epoch: number): number {
    const decoder = ++this.#last;
    this.write({ kind: "open", decoder, epoch, symbols: instruments.map(({ symbol }) => symbol) });
    return decoder;
  }

  frames(inner: FrameDecoder, decoder: number): FrameDecoder {
    const { write } = this;
    return {
      decode(frame, timeUs) {
        write({ kind: "frame", decoder, timeUs, ...toRecordedBytes(frame) });
        return inner.decode(frame, timeUs);
      },
      get rejectReason() {
        return inner.rejectReason;
      },
    };
  }
}

// Compiled venues are objects with private parts: each method is handed on, not inherited.
function tapVenue(venue: CompiledVenue, tap: Tap): CompiledVenue {
  const { name, description, transport, url, headers, limits, ping, sequence, ackTimeoutMs } = venue;
  return {
    ...{ name, description, transport, url, headers, limits, ping, sequence, ackTimeoutMs },
    createDecoder: (instruments, sink, epoch) =>
      tap.frames(venue.createDecoder(instruments, sink, epoch), tap.open(instruments, epoch)),
    openingTexts: (nextId, wallMs) => venue.openingTexts(nextId, wallMs),
    subscribeRequests: (symbols, nextId, wallMs) => venue.subscribeRequests(symbols, nextId, wallMs),
    unsubscribeRequests: (symbols, nextId, wallMs) => venue.unsubscribeRequests(symbols, nextId, wallMs),
    pingText: (nextId, wallMs) => venue.pingText(nextId, wallMs),
    readControl: (frame) => venue.readControl(frame),
  };
}

function tapRestVenue(venue: CompiledRestVenue, tap: Tap): CompiledRestVenue {
  const { name, description, transport, target, host, limits, sequence, polling, windows } = venue;
  const { isPerSymbol, needsAccount, needsToken, hasEtag } = venue;
  return {
    ...{ name, description, transport, target, host, limits, sequence, polling, windows },
    ...{ isPerSymbol, needsAccount, needsToken, hasEtag },
    costOf: (symbolCount) => venue.costOf(symbolCount),
    createDecoder: (parts) => tapAnswers(venue.createDecoder(parts), tap.open(parts.instruments, parts.epoch), tap),
    request: (question) => venue.request(question),
    readUsage: (header, wallMs) => venue.readUsage(header, wallMs),
  };
}

function tapAnswers(inner: AnswerDecoder, decoder: number, { write }: Tap): AnswerDecoder {
  return {
    decode(answer) {
      const { status, body, asked, receivedTimeUs: timeUs } = answer;
      write({ kind: "answer", decoder, timeUs, status, asked, ...toRecordedBytes(body) });
      return inner.decode(answer);
    },
    confirm(asked, timeUs) {
      write({ kind: "confirm", decoder, timeUs, asked });
      inner.confirm(asked, timeUs);
    },
    forget(index) {
      write({ kind: "forget", decoder, index });
      inner.forget(index);
    },
  };
}

function tapGrpcVenue(venue: CompiledGrpcVenue, tap: Tap): CompiledGrpcVenue {
  return { ...grpcFacts(venue), bind: (schema) => tapStream(venue.bind(schema), tap) };
}

function grpcFacts(venue: CompiledGrpcVenue): Omit<CompiledGrpcVenue, "bind"> {
  const { name, description, transport, address, tls, proto, method, metadata, needsToken } = venue;
  const { keepalive, ackTimeoutMs, firstMessageMs, limits, sequence } = venue;
  return {
    ...{ name, description, transport, address, tls, proto, method, metadata, needsToken },
    ...{ keepalive, ackTimeoutMs, firstMessageMs, limits, sequence },
  };
}

function tapStream(stream: GrpcStream, tap: Tap): GrpcStream {
  const { path, streaming } = stream;
  return {
    ...{ path, streaming },
    createDecoder: (parts) => {
      const decoder = tap.open(parts.instruments, parts.epoch);
      return tapGrpcDecoder(stream.createDecoder(parts), decoder, tap);
    },
    subscribeRequests: (symbols) => stream.subscribeRequests(symbols),
    unsubscribeRequests: (symbols) => stream.unsubscribeRequests(symbols),
    readControl: (message) => stream.readControl(message),
  };
}

function tapGrpcDecoder(inner: GrpcDecoder, decoder: number, tap: Tap): GrpcDecoder {
  const frames = tap.frames(inner, decoder);
  return {
    decode: (frame, timeUs) => frames.decode(frame, timeUs),
    get rejectReason() {
      return inner.rejectReason;
    },
    mute(index) {
      tap.write({ kind: "mute", decoder, index });
      inner.mute(index);
    },
  };
}
