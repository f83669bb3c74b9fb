import type { FeedRequest } from "./feed-control.ts";

/** Symbols one request may name. */
const SYMBOLS_MAX = 1024;

/** A request to one feed, or what is wrong with it. */
export type ReadRequest =
  | { readonly kind: "request"; readonly feed: string; readonly request: FeedRequest }
  | { readonly kind: "bad"; readonly message: string };

const PATH = /^\/feeds\/([^/]{1,64})\/(connect|disconnect|resubscribe|symbols)$/;

/** True for a path that changes something. */
export function isControlPath(path: string): boolean {
  return PATH.test(path);
}

/** Reads what is asked of which feed, from a path that {@link isControlPath} knows and a body that may be empty. */
export function readRequest(path: string, body: string): ReadRequest {
  const [, feed = "", action = ""] = PATH.exec(path) ?? [];
  const members = readMembers(body);
  if (members === null) return bad("the body must be a JSON object, or nothing");
  const names = action === "symbols" ? ["add", "remove"] : action === "resubscribe" ? ["symbols"] : [];
  const extra = Object.keys(members).find((name) => !names.includes(name));
  if (extra !== undefined) return bad(`'${action}' takes no '${extra.slice(0, 64)}'`);
  const lists = names.map((name) => ({ name, list: readSymbols(members[name]) }));
  const wrong = lists.find(({ list }) => list === null);
  if (wrong !== undefined) {
    return bad(`'${wrong.name}' must be an array of 1 to ${SYMBOLS_MAX} different symbols`);
  }
  const [first, second] = lists.map(({ list }) => list ?? []);
  switch (action) {
    case "connect":
    case "disconnect":
      return { kind: "request", feed, request: { action } };
    case "resubscribe":
      return { kind: "request", feed, request: { action, symbols: first } };
    default:
      if (first.length + second.length === 0) return bad("'add' or 'remove' must name a symbol");
      return { kind: "request", feed, request: { action: "symbols", add: first, remove: second } };
  }
}

function readMembers(body: string): Readonly<Record<string, unknown>> | null {
  if (body.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(body);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

/** An empty list when it is absent; null when it is no list of symbols. */
function readSymbols(value: unknown): readonly string[] | null {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length > SYMBOLS_MAX) return null;
  const symbols = value.filter((one): one is string => typeof one === "string" && one !== "");
  return symbols.length === value.length && new Set(symbols).size === symbols.length ? symbols : null;
}

function bad(message: string): ReadRequest {
  return { kind: "bad", message };
}
