import { isIP } from "node:net";
import * as z from "zod";
import { nearest } from "./nearest.ts";
import { quote } from "./redact.ts";
import { Secret } from "./secret.ts";
import type { VariableType } from "./variable.ts";

/** Longest path accepted, characters (Linux PATH_MAX). */
const PATH_CHARACTERS_MAX = 4096;
const URL_CHARACTERS_MAX = 2048;
const SECRET_CHARACTERS_MAX = 16_384;

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

/** Words people write for true and false elsewhere. */
const TRUTH_WORDS: Readonly<Record<string, string>> = {
  "1": "true",
  yes: "true",
  y: "true",
  on: "true",
  enabled: "true",
  "0": "false",
  no: "false",
  n: "false",
  off: "false",
  disabled: "false",
};

/** Why a text is not accepted: completes "it must …". */
interface Refusal {
  readonly wanted: string;
  readonly suggestion?: string;
}

/** Limits of a whole number, both within; `orMinusOne` says that −1 is accepted too. */
export interface NumberLimits {
  readonly min: number;
  readonly max: number;
  readonly orMinusOne?: boolean;
}

/** Limits of a comma-separated list. */
export interface ListLimits {
  /** What one item is, for messages: `symbol`. */
  readonly noun: string;
  readonly itemsMax: number;
  /** What an item must be ("it must …"), or null when it is good. */
  readonly check: (item: string) => Refusal | null;
  /** The form of one item, for the documentation. */
  readonly itemForm: string;
}

/** Decimal digits, no separators, no exponent. */
export function wholeNumber(limits: NumberLimits): VariableType<number> {
  const { min, max } = limits;
  const minusOne = limits.orMinusOne === true ? "-1 or " : "";
  const schema = z
    .string()
    .regex(/^-?[0-9]{1,15}$/, { error: "be a whole number", abort: true })
    .transform(Number)
    .pipe(
      z.number().check((context) => {
        if (minusOne !== "" && context.value === -1) return;
        if (context.value < min) context.issues.push(refusal(context.value, `be ${minusOne}>= ${min}`));
        if (context.value > max) context.issues.push(refusal(context.value, `be ${minusOne}<= ${max}`));
      }),
    );
  return { schema, form: `${minusOne === "" ? "" : "-1, or "}whole number, ${min} to ${max}`, display: "plain" };
}

/** `true` or `false`, in any case. */
export function flag(): VariableType<boolean> {
  const schema = checkedText((text) => {
    const word = text.toLowerCase();
    if (word === "true" || word === "false") return null;
    const meant = TRUTH_WORDS[word];
    return { wanted: "be true or false", ...(meant === undefined ? {} : { suggestion: `write ${meant}` }) };
  }).transform((text) => text.toLowerCase() === "true");
  return { schema, form: "true or false", display: "plain" };
}

/** One of a closed list of lower-case words; any case is accepted. */
export function choice<const T extends string>(words: readonly T[]): VariableType<T> {
  const schema = checkedText((text) => {
    const word = text.toLowerCase();
    if ((words as readonly string[]).includes(word)) return null;
    const meant = nearest(word, words);
    return {
      wanted: `be one of ${words.join(", ")}`,
      ...(meant === null ? {} : { suggestion: `did you mean ${meant}?` }),
    };
  }).transform((text) => text.toLowerCase() as T);
  return { schema, form: `one of ${words.map((word) => `\`${word}\``).join(", ")}`, display: "plain" };
}

/** Text that matches a pattern; `form` describes the pattern and completes "it must be …". */
export function matching(pattern: RegExp, form: string): VariableType<string> {
  return accepted((text) => pattern.test(text), form);
}

/** Text that a test accepts; `form` describes it and completes "it must be …". */
export function accepted(isGood: (text: string) => boolean, form: string): VariableType<string> {
  return {
    schema: checkedText((text) => (isGood(text) ? null : { wanted: `be ${form}` })),
    form,
    display: "plain",
  };
}

/** Items between commas, trimmed, each once. */
export function list(limits: ListLimits): VariableType<readonly string[]> {
  const { noun, itemsMax } = limits;
  const schema = checkedText((text) => refuseList(splitList(text), limits)).transform(splitList);
  return { schema, form: `list of 1 to ${itemsMax} ${noun}s, ${limits.itemForm}`, display: "plain" };
}

/** The trimmed items of a comma-separated list, good or not. */
export function splitList(text: string): readonly string[] {
  return text.split(",").map((item) => item.trim());
}

/** `ws://` or `wss://` with a host, no fragment. Kept as written. */
export function webSocketUrl(): VariableType<string> {
  const schema = checkedText((text) => {
    if (text.length > URL_CHARACTERS_MAX) return { wanted: `have at most ${URL_CHARACTERS_MAX} characters` };
    // URL itself would drop tabs and line ends without a word.
    if (/[^\x21-\x7e]/.test(text) || !URL.canParse(text)) return { wanted: "be a ws:// or wss:// URL" };
    const url = new URL(text);
    if (!/^wss?:\/\//i.test(text)) return { wanted: "be a ws:// or wss:// URL" };
    return url.hash === "" && !text.endsWith("#") ? null : { wanted: "have no fragment (#)" };
  });
  return { schema, form: "`ws://` or `wss://` URL", display: "url" };
}

/** `http://` or `https://` with a host; no user, query or fragment, as paths are put behind it. Kept as written. */
export function httpUrl(): VariableType<string> {
  const schema = checkedText((text) => {
    if (text.length > URL_CHARACTERS_MAX) return { wanted: `have at most ${URL_CHARACTERS_MAX} characters` };
    const isUrl = /^https?:\/\/[\x21-\x7e]+$/i.test(text) && URL.canParse(text);
    if (!isUrl) return { wanted: "be an http:// or https:// URL" };
    const { username, password } = new URL(text);
    if (username !== "" || password !== "") return { wanted: "hold no user and no password" };
    return /[?#]/.test(text) ? { wanted: "have no query (?) and no fragment (#)" } : null;
  });
  return { schema, form: "`http://` or `https://` URL", display: "url" };
}

/** Kafka bootstrap servers: `host:port` or `[ipv6]:port`, each once. */
export function brokerList(brokersMax: number): VariableType<readonly string[]> {
  const type = list({ noun: "broker", itemsMax: brokersMax, check: refuseBroker, itemForm: "each `host:port`" });
  return { ...type, display: "url" };
}

/** `host:port` or `[ipv6]:port`. Kept as written. */
export function hostAndPort(): VariableType<string> {
  const schema = checkedText((text) => {
    const parts = splitHostAndPort(text);
    if (parts === null) return { wanted: "be host:port, with an IPv6 address in brackets" };
    return parts.port >= 1 && parts.port <= 65_535 ? null : { wanted: "have a port from 1 to 65535" };
  });
  return { schema, form: "`host:port`", display: "url" };
}

/** The parts of `host:port`, an IPv6 address without its brackets; null when the text has another form. The port may be any number. */
export function splitHostAndPort(text: string): { readonly host: string; readonly port: number } | null {
  const parts = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^:]*)):(?<port>[0-9]{1,5})$/.exec(text)?.groups;
  const host = parts?.["ipv6"] ?? parts?.["name"] ?? "";
  const isGood = parts?.["ipv6"] === undefined ? isHost(host) : isIP(host) === 6;
  return isGood ? { host, port: Number(parts?.["port"]) } : null;
}

/** A host name or an IP address, without brackets. */
export function hostName(): VariableType<string> {
  const schema = checkedText((text) => (isHost(text) ? null : { wanted: "be a host name or an IP address" }));
  return { schema, form: "host name or IP address", display: "plain" };
}

/** The path of a file. Whether it can be read is checked where it is read. */
export function filePath(): VariableType<string> {
  const schema = checkedText((text) => {
    const isGood = text.length <= PATH_CHARACTERS_MAX && !text.includes("\0");
    return isGood ? null : { wanted: `be a path of at most ${PATH_CHARACTERS_MAX} characters` };
  });
  return { schema, form: "path of a file", display: "plain" };
}

/** Text that is never shown; such a variable X may also come from the file that X_FILE names. */
export function secretText(): VariableType<Secret> {
  const schema = checkedText((text) =>
    text.length <= SECRET_CHARACTERS_MAX ? null : { wanted: `have at most ${SECRET_CHARACTERS_MAX} characters` },
  ).transform((text) => new Secret(text));
  return { schema, form: "text", display: "secret" };
}

function checkedText(check: (text: string) => Refusal | null): z.ZodType<string, string> {
  return z.string().check((context) => {
    const refused = check(context.value);
    if (refused !== null) context.issues.push(refusal(context.value, refused.wanted, refused.suggestion));
  });
}

function refusal(input: unknown, message: string, suggestion?: string) {
  // `continue: false` keeps the transforms that follow from running on a value already refused.
  return { code: "custom" as const, input, message, continue: false, params: { suggestion: suggestion ?? null } };
}

function refuseList(items: readonly string[], limits: ListLimits): Refusal | null {
  const { noun, itemsMax } = limits;
  if (items.length > itemsMax) return { wanted: `list at most ${itemsMax} ${noun}s` };
  const seen = new Set<string>();
  for (const item of items) {
    if (item === "") return { wanted: `list ${noun}s with none left empty` };
    const refused = limits.check(item);
    if (refused !== null) return refused;
    if (seen.has(item)) return { wanted: `not list ${noun} ${quote(item)} twice` };
    seen.add(item);
  }
  return null;
}

function refuseBroker(item: string): Refusal | null {
  const parts = splitHostAndPort(item);
  if (parts === null) {
    const isHostAlone = isHost(item) && isIP(item) !== 6;
    return {
      wanted: "list each broker as host:port, with an IPv6 address in brackets",
      ...(isHostAlone ? { suggestion: `did you mean ${item}:9092?` } : {}),
    };
  }
  return parts.port >= 1 && parts.port <= 65_535 ? null : { wanted: "give each broker a port from 1 to 65535" };
}

function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  // All digits and dots, yet no IP address: a mistyped one, not a name.
  return HOST_NAME.test(text) && !/^[0-9.]+$/.test(text);
}
