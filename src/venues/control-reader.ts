import type { MessagePlan } from "./compile-messages.ts";
import type { ControlMessage } from "./compiled-venue.ts";
import { valuesAt } from "./json-path.ts";
import { JsonScanner } from "./json-scanner.ts";
import { findFrameText } from "./profile-decoder.ts";
import type { SymbolPath } from "./profile-words.ts";
import { findRule, NO_RULE } from "./rule-matcher.ts";
import type { SymbolNames } from "./symbol-names.ts";
import { type Json, renderAnswer } from "./templates.ts";
import type { MessageRule } from "./websocket-profile-schema.ts";

/** Longest text of a venue's reason that is passed on. */
const MAX_REASON_LENGTH = 300;

const NOTHING: ControlMessage = { kind: "none" };

/** Reads acks, refusals, errors and reconnect notices. Cold path: a handful per session. */
export class ControlReader {
  readonly #plan: MessagePlan;
  readonly #names: SymbolNames;
  /** Finds the rule exactly as the decoder did. */
  readonly #scanner: JsonScanner;

  constructor(plan: MessagePlan, names: SymbolNames) {
    this.#plan = plan;
    this.#names = names;
    this.#scanner = new JsonScanner(plan.trie);
  }

  /** What the frame says; `none` when it is no control message or cannot be read. Never throws. */
  read(frame: Uint8Array): ControlMessage {
    const text = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("utf8");
    const frameText = findFrameText(this.#plan.frameTexts, frame);
    if (frameText !== NO_RULE) return this.#readRule(this.#plan.rules[frameText], null, text);
    if (!this.#scanner.scan(frame)) return NOTHING;
    const match = findRule(this.#plan.tests, this.#scanner);
    if (match === NO_RULE) return NOTHING;
    // The scanner accepts nothing that JSON.parse does not.
    return this.#readRule(this.#plan.rules[this.#plan.ruleIndexes[match]], JSON.parse(text), text);
  }

  #readRule(rule: MessageRule, message: unknown, text: string): ControlMessage {
    if (rule.kind === "ack") return this.#readAck(rule, message);
    if (rule.kind === "refusal") return this.#readRefusal(rule, message, text);
    if (rule.kind === "answer") return answerOf(rule, message);
    if (rule.kind === "fatal") {
      return { kind: "fatal", text: reasonOf(rule.reason, message, text), isRateLimit: rule.isRateLimit };
    }
    if (rule.kind === "reconnect") return { kind: "reconnect", text: reasonOf(rule.reason, message, text) };
    return NOTHING;
  }

  #readAck(rule: MessageRule & { kind: "ack" }, message: unknown): ControlMessage {
    if (rule.othersRefused) return this.#readAccepted(rule, message);
    if (rule.symbol !== undefined) {
      const symbols = this.#symbolsAt(rule.symbol, message);
      return symbols.length === 0 ? NOTHING : { kind: "ack", id: 0, symbols };
    }
    if (rule.id === undefined) return { kind: "ack", id: 0, symbols: [] };
    const id = idAt(rule.id, message);
    return id === 0 ? NOTHING : { kind: "ack", id, symbols: [] };
  }

  /** An ack that lists what was accepted; without a request it says nothing of the others. */
  #readAccepted(rule: MessageRule & { kind: "ack" }, message: unknown): ControlMessage {
    const symbols = rule.symbol === undefined ? [] : this.#symbolsAt(rule.symbol, message);
    const id = rule.id === undefined ? 0 : idAt(rule.id, message);
    if (id !== 0) return { kind: "accepted", id, symbols };
    return symbols.length === 0 ? NOTHING : { kind: "ack", id: 0, symbols };
  }

  #readRefusal(rule: MessageRule & { kind: "refusal" }, message: unknown, text: string): ControlMessage {
    let symbols = rule.symbol === undefined ? [] : this.#symbolsAt(rule.symbol, message);
    if (symbols.length === 0 && rule.symbolInText !== undefined) {
      const { path, template } = rule.symbolInText;
      const told = valuesAt(message, path).filter((value) => typeof value === "string");
      symbols = this.#names.findInText(template, told.join(" "));
    }
    const id = rule.id === undefined ? 0 : idAt(rule.id, message);
    return { kind: "refusal", id, symbols, text: reasonOf(rule.reason, message, text) };
  }

  /** Our symbols among those that stand at the path, each once. */
  #symbolsAt({ path, template }: SymbolPath, message: unknown): string[] {
    const symbols = new Set<string>();
    for (const name of valuesAt(message, path)) {
      const symbol = typeof name === "string" ? this.#names.find(template, name) : null;
      if (symbol !== null) symbols.add(symbol);
    }
    return [...symbols];
  }
}

/** The answer a rule gives; none when the message lacks what the answer must repeat. */
function answerOf(rule: MessageRule & { kind: "answer" }, message: unknown): ControlMessage {
  const [value] = rule.value === undefined ? [null] : valuesAt(message, rule.value);
  if (value === undefined) return NOTHING;
  return { kind: "answer", text: renderAnswer(rule.message as Json, value as Json) };
}

/** A request id, written as a number or as text; 0 when there is none. */
function idAt(path: string, message: unknown): number {
  const [value] = valuesAt(message, path);
  const id = typeof value === "number" || (typeof value === "string" && value !== "") ? Number(value) : 0;
  return Number.isSafeInteger(id) && id > 0 ? id : 0;
}

/** The venue's own words, else the whole message: one line, no control characters, cut. */
function reasonOf(paths: readonly string[], message: unknown, text: string): string {
  const told = paths.flatMap((path) => valuesAt(message, path));
  const words = told.filter((value) => typeof value === "string" || typeof value === "number");
  const reason = words.length === 0 ? text : words.join(": ");
  return reason.replace(/\p{Cc}+/gu, " ").slice(0, MAX_REASON_LENGTH);
}
