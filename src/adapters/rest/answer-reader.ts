import type { Clock } from "../../runtime/clock.ts";
import type { AnswerDecoder, AnswerMeaning } from "../../venues/compiled-rest-venue.ts";
import type { SessionMonitor } from "../adapter.ts";
import { type HttpResult, inflateBody } from "./http-get.ts";
import type { PollSlot } from "./poll-plan.ts";

/** A whole answer as it came over the wire. */
export type HttpAnswer = HttpResult & { readonly kind: "answer" };

/** What an answer comes to: as the decoder says, or nothing new (304), or more than is taken. */
export type ReadAnswer = AnswerMeaning | { readonly kind: "unchanged" } | { readonly kind: "too_large" };

/** What a reader works with. */
export interface AnswerReaderParts {
  readonly decoder: AnswerDecoder;
  readonly monitor: SessionMonitor;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  /** After so long without a good answer, quotes are published anew, ms: whoever was told of the silence hears its end. */
  readonly staleAfterMs: number;
}

/** Types that may hold JSON; a venue that sends HTML has put another page in place of its answer. */
const JSON_TYPE = /json|^text\/plain/i;
/** Bytes of a cut or undecodable body that are shown as rejected. */
const NO_BYTES = new Uint8Array(0);
const NOT_MODIFIED = 304;
const OK = 200;

/** From an HTTP answer to its meaning: content type, encoding, decoding. Tells the monitor of what it must refuse. */
export class AnswerReader {
  readonly #parts: AnswerReaderParts;

  constructor(parts: AnswerReaderParts) {
    this.#parts = parts;
  }

  read(slot: PollSlot, answer: HttpAnswer): ReadAnswer {
    const { decoder, maxBodyBytes } = this.#parts;
    const { status, headers, receivedTimeUs } = answer;
    this.#parts.monitor.onFrame(answer.body.length);
    this.#forgetStale(slot);
    if (status === NOT_MODIFIED) {
      decoder.confirm(slot.asked, receivedTimeUs);
      return { kind: "unchanged" };
    }
    const body = inflateBody(answer.body, headers.get("content-encoding"), maxBodyBytes);
    if (body === "too_large") return this.tooLarge();
    if (body === "bad_encoding") return this.#reject("bad_encoding", answer.body);
    const type = headers.get("content-type") ?? "";
    if (status === OK && type !== "" && !JSON_TYPE.test(type)) return this.#reject("wrong_content_type", body);
    const meaning = decoder.decode({ status, body, receivedTimeUs, asked: slot.asked });
    if (meaning.kind === "rejected" && meaning.reason !== "") this.#reject(meaning.reason, body);
    return meaning;
  }

  /** More than is taken, on the wire or inflated. */
  tooLarge(): ReadAnswer {
    this.#parts.monitor.onReject("body_too_large", NO_BYTES);
    return { kind: "too_large" };
  }

  #reject(reason: string, bytes: Uint8Array): AnswerMeaning {
    this.#parts.monitor.onReject(reason, bytes);
    return { kind: "rejected", reason };
  }

  #forgetStale(slot: PollSlot): void {
    const { decoder, clock, staleAfterMs } = this.#parts;
    if (slot.lastGoodMs < 0 || clock.monotonicMs() - slot.lastGoodMs < staleAfterMs) return;
    for (const index of slot.asked) decoder.forget(index);
  }
}
