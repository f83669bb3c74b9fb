// Hot path.
import type { Instrument } from "../domain/instrument.ts";
import { type QuoteSink, QuoteView } from "../domain/quote.ts";
import type { FrameText, MessagePlan } from "./compile-messages.ts";
import { type FrameDecoder, FrameKind } from "./compiled-venue.ts";
import { JsonScanner } from "./json-scanner.ts";
import { QuoteReader } from "./quote-reader.ts";
import type { RejectReason } from "./reject-reason.ts";
import { findRule, isAt, NO_RULE } from "./rule-matcher.ts";

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;

/** What a decoder is made for. */
export interface DecoderParts {
  readonly instruments: readonly Instrument[];
  readonly sink: QuoteSink;
  readonly epoch: number;
}

/** Decodes the frames of one session by the rules of one profile. */
export class ProfileDecoder implements FrameDecoder {
  rejectReason: RejectReason | "" = "";

  readonly #plan: MessagePlan;
  readonly #scanner: JsonScanner;
  /** The one view all quotes of the session pass through. */
  readonly #view = new QuoteView();
  /** Per rule; null where a rule is for no quotes. */
  readonly #readers: readonly (QuoteReader | null)[];

  /** @throws IngestError `config_invalid` when two symbols are the same at the venue */
  constructor(plan: MessagePlan, { instruments, sink, epoch }: DecoderParts) {
    const view = this.#view;
    const scanner = new JsonScanner(plan.trie);
    this.#plan = plan;
    this.#scanner = scanner;
    this.#readers = plan.quotes.map((quote) =>
      quote === null ? null : new QuoteReader(quote, { scanner, instruments, view, sink }),
    );
    view.epoch = epoch;
  }

  decode(frame: Uint8Array, receivedTimeUs: number): FrameKind {
    this.rejectReason = "";
    const plan = this.#plan;
    const first = frame.length === 0 ? 0 : frame[0];
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) {
      const rule = findFrameText(plan.frameTexts, frame);
      if (rule !== NO_RULE) return plan.kinds[rule];
    }
    if (!this.#scanner.scan(frame)) return this.#reject(this.#scanner.problem);
    const match = findRule(plan.tests, this.#scanner);
    if (match === NO_RULE) return this.#reject("unknown_message");
    const rule = plan.ruleIndexes[match];
    const reader = this.#readers[rule];
    if (reader === null) return plan.kinds[rule];
    const view = this.#view;
    view.receivedTimeUs = receivedTimeUs;
    view.raw = frame;
    view.rawStart = 0;
    view.rawEnd = frame.length;
    const kind = reader.read();
    if (kind === FrameKind.rejected) this.rejectReason = reader.rejectReason;
    return kind;
  }

  #reject(reason: RejectReason | ""): FrameKind {
    this.rejectReason = reason;
    return FrameKind.rejected;
  }
}

/** The rule for a text frame that is no JSON; NO_RULE when it is not in the profile. */
export function findFrameText(texts: readonly FrameText[], frame: Uint8Array): number {
  for (let i = 0; i < texts.length; i++) {
    const { bytes, ruleIndex } = texts[i];
    if (bytes.length === frame.length && isAt(bytes, frame, 0)) return ruleIndex;
  }
  return NO_RULE;
}
