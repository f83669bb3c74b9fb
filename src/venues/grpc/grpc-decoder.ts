// Hot path.
import { QuoteView } from "../../domain/quote.ts";
import type { GrpcDecoder, GrpcDecoderParts } from "../compiled-grpc-venue.ts";
import { FrameKind } from "../compiled-venue.ts";
import type { RejectReason } from "../reject-reason.ts";
import { GrpcQuoteReader } from "./grpc-quote-reader.ts";
import { RawBase64 } from "./raw-base64.ts";
import type { GrpcQuotePlan, TestPlan } from "./value-plan.ts";
import { ValueReader } from "./value-reader.ts";
import type { ScanPlan } from "./wire-plan.ts";
import { WireScanner } from "./wire-scanner.ts";

/** No rule of the profile matches. */
const NO_RULE = -1;

/** All rules of a profile, compiled for one method. */
export interface GrpcMessagePlan {
  /** What all rules look at. */
  readonly scan: ScanPlan;
  /** Per rule. */
  readonly tests: readonly (readonly TestPlan[])[];
  readonly kinds: readonly FrameKind[];
  /** Null where a rule is for no quotes. */
  readonly quotes: readonly (GrpcQuotePlan | null)[];
}

/** Decodes the messages of one call by the rules of one profile. */
export class MessageDecoder implements GrpcDecoder {
  rejectReason: RejectReason | "" = "";
  readonly #plan: GrpcMessagePlan;
  readonly #scanner: WireScanner;
  readonly #values: ValueReader;
  readonly #readers: readonly (GrpcQuoteReader | null)[];
  /** The one view all quotes of the call pass through. */
  readonly #view = new QuoteView();
  readonly #muted: Uint8Array;
  readonly #hasRaw: boolean;
  readonly #base64 = new RawBase64();

  /** @throws IngestError `config_invalid` when two symbols are the same at the venue */
  constructor(plan: GrpcMessagePlan, { instruments, sink, epoch, hasRaw }: GrpcDecoderParts) {
    const scanner = new WireScanner(plan.scan);
    const view = this.#view;
    const muted = new Uint8Array(instruments.length);
    const showRaw = () => this.#showRaw();
    this.#plan = plan;
    this.#scanner = scanner;
    this.#values = new ValueReader(scanner, scanner);
    this.#muted = muted;
    this.#hasRaw = hasRaw;
    this.#readers = plan.quotes.map((quote) =>
      quote === null ? null : new GrpcQuoteReader(quote, { scanner, instruments, view, sink, muted, showRaw }),
    );
    view.epoch = epoch;
    view.isRawText = true;
  }

  mute(index: number): void {
    this.#muted[index] = 1;
  }

  decode(frame: Uint8Array, receivedTimeUs: number): FrameKind {
    this.rejectReason = "";
    if (!this.#scanner.scan(frame, 0, frame.length)) return this.#reject(this.#scanner.problem);
    const rule = findRule(this.#plan, this.#values);
    if (rule === NO_RULE) return this.#reject("unknown_message");
    const reader = this.#readers[rule];
    if (reader === null) return this.#plan.kinds[rule];
    this.#view.receivedTimeUs = receivedTimeUs;
    const kind = reader.read();
    if (kind === FrameKind.rejected) this.rejectReason = reader.rejectReason;
    return kind;
  }

  #showRaw(): void {
    if (!this.#hasRaw) return;
    const view = this.#view;
    this.#base64.encode(this.#scanner.bytes);
    view.raw = this.#base64.bytes;
    view.rawStart = 0;
    view.rawEnd = this.#base64.length;
  }

  #reject(reason: RejectReason | ""): FrameKind {
    this.rejectReason = reason;
    return FrameKind.rejected;
  }
}

/** Finds the rule of control messages exactly as the decoder did; −1 when none matches or the bytes are no message. */
export class RuleFinder {
  readonly #plan: GrpcMessagePlan;
  readonly #scanner: WireScanner;
  readonly #values: ValueReader;

  constructor(plan: GrpcMessagePlan) {
    this.#plan = plan;
    this.#scanner = new WireScanner(plan.scan);
    this.#values = new ValueReader(this.#scanner, this.#scanner);
  }

  find(message: Uint8Array): number {
    if (!this.#scanner.scan(message, 0, message.length)) return NO_RULE;
    return findRule(this.#plan, this.#values);
  }
}

function findRule({ tests }: GrpcMessagePlan, values: ValueReader): number {
  for (let rule = 0; rule < tests.length; rule++) if (values.holdsAll(tests[rule])) return rule;
  return NO_RULE;
}
