import type { FixField } from "./compiled-fix-venue.ts";

/*
 * Fields of a request, written as FIX writes them, with placeholders in their values:
 *
 *     ["262={id}", "263=1", "264={depth}", "146={symbolCount}", { "$each": ["55={symbol}", "15={symbol.base}"] }]
 *
 * `{id}`            the id of the request: new for every request
 * `{depth}`         MarketDepth as the feed asks for it
 * `{symbolCount}`   how many symbols the request names
 * `{symbol}`        the symbol by its name on the wire (within `$each`, or where a request names one symbol)
 * `{symbol.base}` `{symbol.terms}`   the two currencies of a pair: of EUR/USD or EURUSD, EUR and USD
 */

/** Fields made once per symbol. */
export interface EachSymbol {
  readonly $each: readonly string[];
}

/** One field, or the repeating part. */
export type RequestPart = string | EachSymbol;

/** One symbol of a request: as configured, and on the wire. */
export interface RequestSymbol {
  readonly name: string;
  readonly wire: string;
}

/** What the placeholders are filled with. */
export interface RequestValues {
  readonly id: string;
  readonly depth: string;
  readonly symbols: readonly RequestSymbol[];
}

/** A field: a tag, and printable ASCII, so that no SOH can end it early. */
export const FIELD = /^([1-9][0-9]{0,5})=([\x20-\x7e]{1,512})$/;

const PLACEHOLDER = /\{([a-zA-Z.]+)\}/g;
const KNOWN = new Set(["id", "depth", "symbolCount", "symbol", "symbol.base", "symbol.terms"]);
/** `EUR/USD`, `EUR-USD`, `EUR_USD`, `EUR.USD`, or six letters. */
const PAIR = /^([A-Za-z0-9]{2,10})[/._-]([A-Za-z0-9]{2,10})$|^([A-Za-z]{3})([A-Za-z]{3})$/;

/** The first placeholder nobody knows; empty when all are known. */
export function unknownPlaceholder(text: string): string {
  return [...text.matchAll(PLACEHOLDER)].find(([, name = ""]) => !KNOWN.has(name))?.[0] ?? "";
}

/** True when the text names one symbol. */
export function namesSymbol(text: string): boolean {
  return text.includes("{symbol}") || namesCurrency(text);
}

/** True when the text names a currency of a pair. */
export function namesCurrency(text: string): boolean {
  return text.includes("{symbol.base}") || text.includes("{symbol.terms}");
}

/** Tag and value of a field; the form was checked when the profile was read. */
export function splitField(text: string): FixField {
  const at = text.indexOf("=");
  return [Number(text.slice(0, at)), text.slice(at + 1)];
}

/** All fields of the parts, the repeating ones once, in order. */
export function fieldTexts(parts: readonly RequestPart[]): string[] {
  return parts.flatMap((part) => (typeof part === "string" ? [part] : part.$each));
}

/** The fields of one request. */
export function renderFields(parts: readonly RequestPart[], values: RequestValues): FixField[] {
  return parts.flatMap((part): FixField[] => {
    if (typeof part === "string") return [renderField(part, values, values.symbols[0])];
    return values.symbols.flatMap((symbol) => part.$each.map((text) => renderField(text, values, symbol)));
  });
}

/** The two currencies of a pair; null when the text is none. */
export function splitPair(symbol: string): { readonly base: string; readonly terms: string } | null {
  const [, base, terms, first, second] = PAIR.exec(symbol) ?? [];
  if (base !== undefined && terms !== undefined) return { base, terms };
  return first === undefined || second === undefined ? null : { base: first, terms: second };
}

function renderField(text: string, values: RequestValues, symbol: RequestSymbol | undefined): FixField {
  const [tag, value] = splitField(text);
  return [tag, value.replace(PLACEHOLDER, (_, name: string) => placeholderValue(name, values, symbol))];
}

function placeholderValue(name: string, values: RequestValues, symbol: RequestSymbol | undefined): string {
  if (name === "id") return values.id;
  if (name === "depth") return values.depth;
  if (name === "symbolCount") return String(values.symbols.length);
  if (name === "symbol") return symbol?.wire ?? "";
  const pair = splitPair(symbol?.name ?? "");
  return (name === "symbol.base" ? pair?.base : pair?.terms) ?? "";
}
