import { Instrument } from "../../../src/domain/instrument.ts";
import type { AnswerDecoder, AnswerMeaning, CompiledRestVenue } from "../../../src/venues/compiled-rest-venue.ts";
import { type PlainQuote, QuoteRecorder } from "../quote-recorder.ts";

/** What became of one answer. */
export type DecodedAnswer = AnswerMeaning & {
  readonly quotes: readonly PlainQuote[];
  /** Each quote's own JSON. */
  readonly raws: readonly string[];
  /** Quotes within the answer that could not be read: `reason: bytes`. */
  readonly rejects: readonly string[];
};

/** A decoder over these symbols with all it tells kept. The sink keeps the instruments' books as the pipeline does. */
export function createRecordedAnswers(
  venue: CompiledRestVenue,
  symbols: readonly string[],
  options: { publishUnchanged?: boolean } = {},
) {
  const recorder = new QuoteRecorder();
  const raws: string[] = [];
  const rejects: string[] = [];
  const instruments = symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: venue.name, symbol }));
  const decoder: AnswerDecoder = venue.createDecoder({
    instruments,
    sink: {
      accept(quote) {
        recorder.accept(quote);
        raws.push(recorder.lastRaw);
        if (quote.instrument === null) return;
        quote.instrument.ownerEpoch = quote.epoch;
        quote.instrument.lastQuoteTimeUs = quote.receivedTimeUs;
      },
    },
    epoch: 7,
    publishUnchanged: options.publishUnchanged ?? false,
    onReject: (reason, bytes) => rejects.push(`${reason}: ${Buffer.from(bytes).toString("utf8")}`),
  });
  function decode(
    body: string | Uint8Array,
    answer: { status?: number; asked?: readonly string[]; atUs?: number } = {},
  ): DecodedAnswer {
    const { status = 200, asked = symbols, atUs = 1_700_000_000_000_000 } = answer;
    const meaning = decoder.decode({
      status,
      body: typeof body === "string" ? Buffer.from(body, "utf8") : body,
      receivedTimeUs: atUs,
      asked: asked.map((symbol) => symbols.indexOf(symbol)),
    });
    return { ...meaning, quotes: recorder.take(), raws: raws.splice(0), rejects: rejects.splice(0) };
  }
  return { decode, decoder, instruments };
}
