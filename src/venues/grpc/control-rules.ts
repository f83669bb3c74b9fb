import type { GrpcControl } from "../compiled-grpc-venue.ts";
import { valuesAt } from "../json-path.ts";
import { EACH, type SymbolPath } from "../profile-words.ts";
import type { SymbolNames } from "../symbol-names.ts";
import type { Json } from "../templates.ts";
import type { GrpcCondition, GrpcConditions, GrpcRule } from "./grpc-profile-schema.ts";
import type { DecodedMessage, DecodedValue } from "./message-decoder.ts";
import { encodeMessage } from "./message-encoder.ts";
import { findField } from "./plan-builder.ts";
import type { ProtoMessage } from "./proto-schema.ts";

/** Longest text of a venue's reason that is passed on. */
const MAX_REASON_LENGTH = 300;
/** A value of the message in the template of a reply. */
const COPIED = /^\{([^{}]+)\}$/;

const NOTHING: GrpcControl = { kind: "none" };

/** What is needed to answer. */
export interface ControlParts {
  readonly names: SymbolNames;
  readonly request: ProtoMessage;
}

/** What a decoded message says by the rule it matched. Cold path: a handful per session. */
export function readControlRule(
  rule: GrpcRule,
  message: DecodedMessage,
  { names, request }: ControlParts,
): GrpcControl {
  if (rule.kind === "ack") return readAnswers(rule, message, names);
  if (rule.kind === "refusal") {
    const reason = reasonOf(rule.reason, message);
    if (rule.symbol === undefined) return { kind: "refusal", reason };
    const symbols = symbolsAt(rule.symbol, message, names);
    if (symbols.length === 0) return { kind: "refusal", reason };
    return { kind: "answers", acked: [], refused: symbols.map((symbol) => ({ symbol, reason })) };
  }
  if (rule.kind === "fatal") {
    const { isRateLimit, isCredentials } = rule;
    return { kind: "fatal", reason: reasonOf(rule.reason, message), isRateLimit, isCredentials };
  }
  if (rule.kind === "reconnect") return { kind: "reconnect", reason: reasonOf(rule.reason, message) };
  if (rule.kind === "heartbeat" && rule.reply !== undefined) {
    const problems: string[] = [];
    const reply = encodeMessage(request, fillReply(rule.reply as Json, message), problems);
    return problems.length === 0 ? { kind: "reply", message: reply } : NOTHING;
  }
  return NOTHING;
}

/** The template of a reply with every `"{path}"` replaced by what stands there; zero and empty where nothing does. */
export function fillReply(template: Json, message: DecodedMessage | null): Json {
  if (typeof template === "string") {
    const path = COPIED.exec(template)?.[1];
    if (path === undefined) return template;
    const [value] = message === null ? [] : valuesAt(message, path);
    return (value as Json | undefined) ?? "0";
  }
  if (Array.isArray(template)) return template.map((element: Json) => fillReply(element, message));
  if (template === null || typeof template !== "object") return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fillReply(value as Json, message)]));
}

/** Tells of every path of a control rule that leads nowhere. */
export function checkControlRule(rule: GrpcRule, response: ProtoMessage, problems: string[]): void {
  const paths: string[] = [];
  if ("reason" in rule) paths.push(...rule.reason);
  if ("symbol" in rule && rule.symbol !== undefined) paths.push(rule.symbol.path);
  if ("success" in rule && rule.success !== undefined) paths.push(...Object.keys(rule.success));
  if (rule.kind === "heartbeat" && rule.reply !== undefined) paths.push(...copiedPaths(rule.reply as Json));
  for (const path of paths) checkPath(path, response, problems);
}

function copiedPaths(template: Json): string[] {
  if (typeof template === "string") return COPIED.exec(template)?.slice(1, 2) ?? [];
  if (template === null || typeof template !== "object") return [];
  return Object.values(template).flatMap((value) => copiedPaths(value as Json));
}

function checkPath(path: string, response: ProtoMessage, problems: string[]): void {
  let message = response;
  const names = path.split(".").filter((segment) => segment !== EACH);
  for (const [index, name] of names.entries()) {
    const field = findField(message, name, path, problems);
    if (field === null || index === names.length - 1) return;
    if (field.type !== "message") {
      problems.push(`${path}: ${name} has no fields`);
      return;
    }
    message = field.message();
  }
}

function readAnswers(rule: GrpcRule & { kind: "ack" }, message: DecodedMessage, names: SymbolNames): GrpcControl {
  const { symbol, success } = rule;
  if (symbol === undefined) {
    const isTaken = success === undefined || holdsAll(success, message);
    return isTaken
      ? { kind: "answers", acked: null, refused: [] }
      : { kind: "refusal", reason: reasonOf(rule.reason, message) };
  }
  const acked: string[] = [];
  const refused: { symbol: string; reason: string }[] = [];
  for (const part of partsOf(symbol.path, message)) {
    for (const one of symbolsAt({ ...symbol, path: withoutList(symbol.path) }, part, names)) {
      if (success === undefined || holdsAll(within(success), part)) acked.push(one);
      else refused.push({ symbol: one, reason: reasonOf(rule.reason.map(withoutList), part) });
    }
  }
  return acked.length + refused.length === 0 ? NOTHING : { kind: "answers", acked, refused };
}

/** The elements that the `*` of a path stands for; the message itself when there is none. */
function partsOf(path: string, message: DecodedMessage): DecodedMessage[] {
  const each = path.indexOf(`.${EACH}.`);
  if (each < 0) return [message];
  return valuesAt(message, `${path.slice(0, each)}.${EACH}`) as DecodedMessage[];
}

function withoutList(path: string): string {
  const each = path.indexOf(`.${EACH}.`);
  return each < 0 ? path : path.slice(each + EACH.length + 2);
}

function within(conditions: GrpcConditions): GrpcConditions {
  return Object.fromEntries(Object.entries(conditions).map(([path, condition]) => [withoutList(path), condition]));
}

function holdsAll(conditions: GrpcConditions, message: DecodedMessage): boolean {
  return Object.entries(conditions).every(([path, condition]) => holds(condition, valuesAt(message, path)));
}

function holds(condition: GrpcCondition, values: readonly unknown[]): boolean {
  if (typeof condition === "object" && "is" in condition) return values.length > 0 === (condition.is === "present");
  const wanted = typeof condition === "object" ? condition.oneOf : [condition];
  return values.some((value) => wanted.some((literal) => String(literal) === String(value as DecodedValue)));
}

/** Our symbols among those that stand at the path, each once. */
function symbolsAt({ path, template }: SymbolPath, message: DecodedMessage, names: SymbolNames): string[] {
  const found = new Set<string>();
  for (const name of valuesAt(message, path)) {
    const symbol = typeof name === "string" ? names.find(template, name) : null;
    if (symbol !== null) found.add(symbol);
  }
  return [...found];
}

/** The venue's own words, else the whole message: one line, no control characters, cut. */
function reasonOf(paths: readonly string[], message: DecodedMessage): string {
  const words = paths
    .flatMap((path) => valuesAt(message, path))
    .filter((value) => typeof value === "string" && value !== "");
  const reason = words.length === 0 ? JSON.stringify(message) : words.join(": ");
  return reason.replace(/\p{Cc}+/gu, " ").slice(0, MAX_REASON_LENGTH);
}
