import type { AnswerDecoder, AnswerDecoderParts, AnswerMeaning, PollAnswer } from "../compiled-rest-venue.ts";
import { JsonType } from "../json-grammar.ts";
import { valuesAt } from "../json-path.ts";
import { JsonScanner } from "../json-scanner.ts";
import { UNWANTED } from "../path-trie.ts";
import { allHold } from "../rule-matcher.ts";
import { renderSymbol } from "../templates.ts";
import { AnswerNames, type LearnedNames } from "./answer-names.ts";
import type { AnswerPlan, AnswerQuotePlan, RulePlan } from "./answer-plan.ts";
import { AnswerQuoteReader } from "./answer-quote-reader.ts";
import { PublishedQuotes } from "./published-quotes.ts";
import { meaningOfStatus } from "./status-meaning.ts";

/** Longest text of a venue's reason that is passed on. */
const MAX_REASON_LENGTH = 300;
/** Longest point to go on from that is sent back. */
const MAX_SINCE_LENGTH = 64;

/** What all decoders of one venue share. */
export interface AnswerDecoderSetup {
  readonly plan: AnswerPlan;
  readonly learned: LearnedNames;
  /** How long to keep still after a rate-limit answer that does not say, ms. */
  readonly blockMs: number;
}

/** Decodes the answers of one session by the rules of one profile. */
export class RestAnswerDecoder implements AnswerDecoder {
  readonly #setup: AnswerDecoderSetup;
  readonly #scanner: JsonScanner;
  readonly #published: PublishedQuotes;
  /** Per instrument: 1 when the present answer holds it. */
  readonly #found: Uint8Array;
  /** Per rule; null where a rule is for no quotes. */
  readonly #readers: readonly (AnswerQuoteReader | null)[];

  /** @throws IngestError `config_invalid` when two symbols are the same at the venue */
  constructor(setup: AnswerDecoderSetup, parts: AnswerDecoderParts) {
    const { instruments, epoch } = parts;
    this.#setup = setup;
    this.#scanner = new JsonScanner(setup.plan.trie);
    this.#published = new PublishedQuotes(parts);
    this.#found = new Uint8Array(instruments.length);
    const symbols = instruments.map(({ symbol }) => symbol);
    this.#readers = setup.plan.rules.map(({ quotes }) => {
      if (quotes === null) return null;
      const names = symbols.map((symbol) => renderSymbol(quotes.quote.symbolTemplate, symbol));
      return new AnswerQuoteReader(quotes, {
        scanner: this.#scanner,
        instruments,
        names: new AnswerNames(names, symbols, setup.learned),
        published: this.#published,
        epoch,
        found: this.#found,
        onReject: (reason, bytes) => parts.onReject(reason, bytes),
      });
    });
  }

  decode(answer: PollAnswer): AnswerMeaning {
    const isJson = this.#scanner.scan(answer.body);
    const match = this.#setup.plan.rules.findIndex((rule) => this.#matches(rule, answer.status, isJson));
    if (match < 0) return this.#meaningWithoutRule(answer.status, isJson);
    const { rule, quotes } = this.#setup.plan.rules[match];
    const reader = this.#readers[match];
    if (rule.kind === "quote") {
      return reader === null || quotes === null
        ? rejected("unknown_message")
        : this.#readQuotes(answer, reader, quotes);
    }
    const reason = reasonOf(rule.reason, answer, isJson);
    switch (rule.kind) {
      case "refusal":
        return { kind: "refused", reason };
      case "rateLimit":
        return { kind: "rate_limited", reason, blockMs: rule.blockMs ?? this.#setup.blockMs };
      case "unavailable":
        return { kind: "unavailable", reason };
      case "fatal":
        return { kind: "fatal", reason, isCredentials: rule.isCredentials };
    }
  }

  confirm(asked: readonly number[], receivedTimeUs: number): void {
    for (const index of asked) this.#published.confirm(index, receivedTimeUs);
  }

  forget(index: number): void {
    this.#published.forget(index);
  }

  /** A rule without conditions is for any body, but for the success it needs JSON. */
  #matches({ statuses, tests, quotes }: RulePlan, status: number, isJson: boolean): boolean {
    if (!statuses.has(status)) return false;
    return isJson ? allHold(tests, this.#scanner) : tests.length === 0 && quotes === null;
  }

  #meaningWithoutRule(status: number, isJson: boolean): AnswerMeaning {
    const meaning = meaningOfStatus(status, this.#setup.blockMs);
    return meaning ?? rejected(isJson ? "unknown_message" : this.#scanner.problem);
  }

  #readQuotes(answer: PollAnswer, reader: AnswerQuoteReader, plan: AnswerQuotePlan): AnswerMeaning {
    const { body, asked, receivedTimeUs } = answer;
    this.#found.fill(0);
    const since = this.#sinceOf();
    const problem = reader.readAnswer(body, asked, receivedTimeUs);
    if (problem !== "") return rejected(problem);
    // The faulty quotes have been told one by one; an answer of nothing else is no good.
    if (reader.read === 0 && reader.rejected > 0) return rejected("");
    const missing = asked.filter((index) => this.#found[index] === 0);
    if (plan.isMissingRefused) return { kind: "quotes", missing, since };
    this.confirm(missing, receivedTimeUs);
    return { kind: "quotes", missing: [], since };
  }

  /** The point to go on from, as the venue wrote it; null when there is none. */
  #sinceOf(): string | null {
    const node = this.#setup.plan.sinceNode;
    if (node === UNWANTED) return null;
    const { types, starts, ends, text } = this.#scanner;
    if (types[node] !== JsonType.string && types[node] !== JsonType.number) return null;
    const length = ends[node] - starts[node];
    if (length === 0 || length > MAX_SINCE_LENGTH) return null;
    return Buffer.from(text.buffer, text.byteOffset + starts[node], length).toString("utf8");
  }
}

/** An empty reason says that all there is to reject has been told. */
function rejected(reason: string): AnswerMeaning {
  return { kind: "rejected", reason };
}

/** The venue's own words, else the status: one line, no control characters, cut. Cold path. */
function reasonOf(paths: readonly string[], { status, body }: PollAnswer, isJson: boolean): string {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8");
  // The scanner accepts nothing that JSON.parse does not.
  const message: unknown = isJson ? JSON.parse(text) : null;
  const told = paths.flatMap((path) => valuesAt(message, path));
  const words = told.filter((value) => typeof value === "string" || typeof value === "number");
  const reason = words.length === 0 ? `HTTP status ${status}` : words.join(": ");
  return reason.replace(/\p{Cc}+/gu, " ").slice(0, MAX_REASON_LENGTH);
}
