import { createHash, timingSafeEqual } from "node:crypto";

/** A text that is shown to nobody. */
interface HiddenText {
  reveal(): string;
}

/** Somebody who may change things. */
export interface OperatorToken {
  readonly name: string;
  readonly token: HiddenText;
}

/** Who a request comes from. `name` is null where no token is asked for. */
export type Caller = { readonly kind: "known"; readonly name: string | null } | { readonly kind: "unknown" };

/** Longest Authorization header looked at, characters: name, token and base64 of both. */
const HEADER_CHARACTERS_MAX = 1024;

/** Knows the operators by their tokens. */
export class AdminAccess {
  #operators: readonly { readonly name: string; readonly digest: Buffer }[] = [];

  constructor(tokens: readonly OperatorToken[]) {
    this.setTokens(tokens);
  }

  /** From the next request on these are the tokens. */
  setTokens(tokens: readonly OperatorToken[]): void {
    this.#operators = tokens.map(({ name, token }) => ({ name, digest: digestOf(token.reveal()) }));
  }

  /** Whose token the request shows, as `Bearer` or as the password of `Basic`. Without any token there is no login. */
  callerOf(headers: Headers): Caller {
    if (this.#operators.length === 0) return { kind: "known", name: null };
    const shown = shownToken(headers.get("authorization") ?? "");
    // Digests have one length, and every one is compared: the time tells neither the length nor how much was right.
    const digest = digestOf(shown);
    let found: string | null = null;
    for (const operator of this.#operators) {
      if (timingSafeEqual(operator.digest, digest)) found = operator.name;
    }
    return found === null ? { kind: "unknown" } : { kind: "known", name: found };
  }
}

/** The token of an Authorization header; empty, which no token is, when it holds none. */
function shownToken(header: string): string {
  if (header.length > HEADER_CHARACTERS_MAX) return "";
  const [, scheme = "", rest = ""] = /^(Bearer|Basic) +(\S+) *$/i.exec(header) ?? [];
  if (scheme.toLowerCase() !== "basic") return rest;
  const pair = Buffer.from(rest, "base64").toString("latin1");
  const colonAt = pair.indexOf(":");
  return colonAt < 0 ? "" : pair.slice(colonAt + 1);
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text, "latin1").digest();
}
