import { REDACTED } from "./secret.ts";

/** How a variable's value may be shown: as it is, without what a URL may hide, or not at all. */
export type Display = "plain" | "url" | "secret";

/** Longest value shown in a problem or a table, characters. */
const SHOWN_CHARACTERS_MAX = 120;

/** The schemes whose user part and query `URL` takes apart; of others it would hide a password in the path. */
const HIERARCHICAL_SCHEME = /^(?:wss?|https?):$/;

/** A value as people may see it: secrets gone, control characters escaped later by {@link quote}, length bounded. */
export function redact(text: string, display: Display): string {
  if (display === "secret") return REDACTED;
  return shorten(display === "url" ? redactUrl(text) : text);
}

/** Text in double quotes, with everything that could upset a terminal or a log line escaped. */
export function quote(text: string): string {
  const escapeCharacter = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(shorten(text)).replace(/[^\x20-\x7e]/g, escapeCharacter);
}

function shorten(text: string): string {
  // A key pasted where the path of its file belongs.
  if (text.includes("-----BEGIN")) return REDACTED;
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}...`;
}

/** Removes the user part and the query, also of text that is no URL: the mistyped ones are those that get printed. */
function redactUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !HIERARCHICAL_SCHEME.test(url.protocol)) return redactBrokenUrl(text);
  const user = url.username === "" && url.password === "" ? "" : `${REDACTED}@`;
  const query = url.search === "" && url.hash === "" ? "" : `?${REDACTED}`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${query}`;
}

function redactBrokenUrl(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? "";
  const rest = text.slice(scheme.length);
  const lastAt = rest.lastIndexOf("@");
  const host = lastAt < 0 ? rest : `${REDACTED}@${rest.slice(lastAt + 1)}`;
  const queryAt = host.search(/[?#]/);
  return scheme + (queryAt < 0 ? host : `${host.slice(0, queryAt)}?${REDACTED}`);
}
