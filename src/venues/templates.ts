/*
 * Messages to a venue, written as JSON with placeholders in their strings:
 *
 *     {"method":"SUBSCRIBE","params":{"$each":"{symbol.lower}@bookTicker"},"id":"{id}"}
 *
 * `{symbol}` `{symbol.lower}` `{symbol.upper}`   the symbol (within `$each`, or where a request names one symbol)
 * `{id}`       the request id, a number where it is the whole string; `{id.text}` is always text
 * `{time.s}` `{time.ms}`   wall clock, a number where it is the whole string
 * `"{symbols}"`            an array of all symbols of the request
 * `{"$each": template}`    an array with the template once per symbol
 *
 * In an answer to a message of the venue: `{value}`, what stood at the rule's `value`, as it was where it is the whole string.
 */

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What the placeholders are filled with. */
export interface TemplateValues {
  readonly symbols: readonly string[];
  readonly id: number;
  readonly wallMs: number;
}

/** In an answer: what is repeated of the message that is answered. */
const ANSWERED_VALUE = "{value}";

const EACH_KEY = "$each";
const ALL_SYMBOLS = "{symbols}";
const PLACEHOLDER = /\{([a-z]+(?:\.[a-z]+)?)\}/g;
const KNOWN = new Set(["symbol", "symbol.lower", "symbol.upper", "id", "id.text", "time.s", "time.ms"]);
/** Placeholders that become a JSON number when they are the whole of a string. */
const NUMERIC = new Set(["{id}", "{time.s}", "{time.ms}"]);

/** What is wrong with a template; empty when nothing is. */
export function findTemplateProblem(template: unknown): string {
  for (const text of stringsOf(template as Json)) {
    if (text === ALL_SYMBOLS) continue;
    for (const [placeholder, name] of text.matchAll(PLACEHOLDER)) {
      if (!KNOWN.has(name))
        return `Must use known placeholders only: ${placeholder} is not one of {${[...KNOWN].join("} {")}}`;
    }
  }
  return "";
}

/** True when the template names a symbol outside `$each` and `{symbols}`, so that a request can name one symbol only. */
export function namesOneSymbol(template: Json): boolean {
  if (typeof template === "string") return template.includes("{symbol}") || template.includes("{symbol.");
  if (Array.isArray(template)) return template.some(namesOneSymbol);
  if (template === null || typeof template !== "object") return false;
  return Object.entries(template).some(([key, value]) => key !== EACH_KEY && namesOneSymbol(value as Json));
}

/** True when the template names symbols in any way. */
export function namesSymbols(template: Json): boolean {
  return namesOneSymbol(template) || JSON.stringify(template).includes(ALL_SYMBOLS) || hasEach(template);
}

function hasEach(template: Json): boolean {
  if (template === null || typeof template !== "object") return false;
  return Object.entries(template).some(([key, value]) => key === EACH_KEY || hasEach(value as Json));
}

/** True when the template holds a request id. */
export function hasRequestId(template: Json): boolean {
  return stringsOf(template).some((text) => text.includes("{id}") || text.includes("{id.text}"));
}

/** True when the template holds the time. */
export function usesTime(template: Json): boolean {
  return stringsOf(template).some((text) => text.includes("{time."));
}

/** What is wrong with the template of an answer; empty when nothing is. */
export function findAnswerProblem(template: unknown): string {
  const placeholders = stringsOf(template as Json).flatMap((text) => text.match(PLACEHOLDER) ?? []);
  const wrong = placeholders.find((placeholder) => placeholder !== ANSWERED_VALUE);
  return wrong === undefined ? "" : `An answer may hold ${ANSWERED_VALUE} only, which ${wrong} is not`;
}

/** True when the template of an answer repeats something of the message that is answered. */
export function repeatsValue(template: Json): boolean {
  return stringsOf(template).some((text) => text.includes(ANSWERED_VALUE));
}

/** The JSON text of an answer. */
export function renderAnswer(template: Json, value: Json): string {
  return JSON.stringify(fillAnswer(template, value));
}

function fillAnswer(template: Json, value: Json): Json {
  if (template === ANSWERED_VALUE) return value;
  if (typeof template === "string") return template.replaceAll(ANSWERED_VALUE, () => textOf(value));
  if (Array.isArray(template)) return template.map((element: Json) => fillAnswer(element, value));
  if (template === null || typeof template !== "object") return template;
  return Object.fromEntries(Object.entries(template).map(([key, member]) => [key, fillAnswer(member as Json, value)]));
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The JSON text of a message. */
export function renderMessage(template: Json, values: TemplateValues): string {
  return JSON.stringify(fill(template, values));
}

/** A symbol as the venue writes it: `order_book_{symbol.lower}` gives `order_book_btcusd`. */
export function renderSymbol(template: string, symbol: string): string {
  return fillText(template, { symbols: [symbol], id: 0, wallMs: 0 });
}

/** The text of a frame that is no JSON. */
export function renderText(template: string, values: TemplateValues): string {
  return fillText(template, values);
}

function fill(template: Json, values: TemplateValues): Json {
  if (typeof template === "string") return fillString(template, values);
  if (Array.isArray(template)) return template.map((element: Json) => fill(element, values));
  if (template === null || typeof template !== "object") return template;
  const members = template as { readonly [key: string]: Json };
  const each = members[EACH_KEY];
  if (each !== undefined) return values.symbols.map((symbol) => fill(each, { ...values, symbols: [symbol] }));
  return Object.fromEntries(Object.entries(members).map(([key, value]) => [key, fill(value, values)]));
}

function fillString(text: string, values: TemplateValues): Json {
  if (text === ALL_SYMBOLS) return values.symbols;
  const filled = fillText(text, values);
  return NUMERIC.has(text) ? Number(filled) : filled;
}

function fillText(text: string, values: TemplateValues): string {
  return text.replace(PLACEHOLDER, (placeholder, name: string) => placeholderValue(name, values) ?? placeholder);
}

function placeholderValue(name: string, { symbols, id, wallMs }: TemplateValues): string | undefined {
  const symbol = symbols[0] ?? "";
  if (name === "symbol") return symbol;
  if (name === "symbol.lower") return symbol.toLowerCase();
  if (name === "symbol.upper") return symbol.toUpperCase();
  if (name === "id" || name === "id.text") return String(id);
  if (name === "time.s") return String(Math.floor(wallMs / 1000));
  if (name === "time.ms") return String(Math.floor(wallMs));
  return undefined;
}

function stringsOf(template: Json): string[] {
  if (typeof template === "string") return [template];
  if (Array.isArray(template)) return template.flatMap(stringsOf);
  if (template === null || typeof template !== "object") return [];
  return Object.values(template).flatMap((value) => stringsOf(value as Json));
}
