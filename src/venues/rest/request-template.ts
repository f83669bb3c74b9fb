/*
 * Requests to a venue: texts with placeholders, in the path, in the values of the query and in headers.
 *
 *     "path": "/products/{symbol}/book",  "query": { "level": "1" }
 *     "query": { "symbols": "{symbols.json}" }
 *     "headers": { "Authorization": "Bearer {token}" }
 *
 * `{symbol}` `{symbol.lower}` `{symbol.upper}`     the symbol, where a request names one
 * `{symbols}` `{symbols.lower}` `{symbols.upper}`  all symbols of the request, joined by commas
 * `{symbols.json}`   the same as a JSON array of strings
 * `{since}`          the point the last answer named; in the query only
 * `{account}`        the account of the feed
 * `{token}`          the token of the feed; in headers only
 *
 * In path and query, what is filled in is percent-encoded, and so are the fixed parts of the query.
 */

/** Where a template stands. */
export type TemplatePlace = "path" | "query" | "header";

/** What the placeholders are filled with. */
export interface RequestValues {
  readonly symbols: readonly string[];
  readonly since: string | null;
  readonly account: string | null;
  readonly token: string | null;
}

const PLACEHOLDER = /\{([a-z]+(?:\.[a-z]+)?)\}/g;
const SYMBOL_NAMES: readonly string[] = [
  "symbol",
  "symbol.lower",
  "symbol.upper",
  "symbols",
  "symbols.lower",
  "symbols.upper",
  "symbols.json",
];
/** Header values: visible ASCII and blanks (RFC 9110, section 5.5). */
const HEADER_VALUE = /^[\x20-\x7e]*$/;

const NAMES: Readonly<Record<TemplatePlace, readonly string[]>> = {
  path: [...SYMBOL_NAMES, "account"],
  query: [...SYMBOL_NAMES, "since", "account"],
  header: [...SYMBOL_NAMES, "account", "token"],
};

/** What is wrong with a template; empty when nothing is. */
export function findRequestTemplateProblem(text: string, place: TemplatePlace): string {
  for (const name of namesIn(text)) {
    if (!NAMES[place].includes(name)) {
      return `Must use placeholders known here only: {${name}} is not one of {${NAMES[place].join("} {")}}`;
    }
  }
  if (place === "path" && /[?#\s]/.test(text)) return "Must not hold ?, # or blanks: parameters go into the query";
  return place === "header" && !HEADER_VALUE.test(text) ? "Must be plain ASCII" : "";
}

/** The placeholders of a text, without their braces. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name]) => name);
}

/** True when the text names symbols: `one`, `many`, or not at all. */
export function symbolsNamedIn(texts: readonly string[]): "none" | "one" | "many" {
  const names = texts.flatMap(namesIn);
  if (names.some((name) => name.startsWith("symbols"))) return "many";
  return names.some((name) => name.startsWith("symbol")) ? "one" : "none";
}

/** The path, filled in and encoded. */
export function renderPath(path: string, values: RequestValues): string {
  return path.replace(PLACEHOLDER, (_, name: string) => encodeURIComponent(textFor(name, values)));
}

/** The query with its `?`; empty when no parameter is left. */
export function renderQuery(query: Readonly<Record<string, string>>, values: RequestValues): string {
  const parts: string[] = [];
  for (const [key, text] of Object.entries(query)) {
    if (values.since === null && namesIn(text).includes("since")) continue;
    const value = text.replace(PLACEHOLDER, (_, name: string) => textFor(name, values));
    parts.push(`${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** The headers, filled in. */
export function renderHeaders(
  headers: Readonly<Record<string, string>>,
  values: RequestValues,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([key, text]) => [
      key,
      text.replace(PLACEHOLDER, (_, name: string) => textFor(name, values)),
    ]),
  );
}

function textFor(name: string, { symbols, since, account, token }: RequestValues): string {
  switch (name) {
    case "symbol":
      return symbols[0];
    case "symbol.lower":
      return symbols[0].toLowerCase();
    case "symbol.upper":
      return symbols[0].toUpperCase();
    case "symbols":
      return symbols.join(",");
    case "symbols.lower":
      return symbols.join(",").toLowerCase();
    case "symbols.upper":
      return symbols.join(",").toUpperCase();
    case "symbols.json":
      return JSON.stringify(symbols);
    case "since":
      return since ?? "";
    case "account":
      return account ?? "";
    default:
      return token ?? "";
  }
}
