import type { AnswerMeaning } from "../compiled-rest-venue.ts";

/** Banned or told to slow down, whatever the body says (RFC 6585, section 4; 418 is Binance's for who knocks on after 429). */
const RATE_LIMIT_STATUSES: ReadonlySet<number> = new Set([418, 429]);
const CREDENTIAL_STATUSES: ReadonlySet<number> = new Set([401, 403, 407]);
/** 410 the address is gone, 451 shut out by law: no other request mends it. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([410, 451]);
/** 408 we were too slow, 425 too early: the next poll may do. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425]);

/**
 * What an HTTP status says by itself, where no rule of the profile knows better. Null for success: then an answer that no rule
 * knows is one that cannot be decoded.
 */
export function meaningOfStatus(status: number, blockMs: number): AnswerMeaning | null {
  const reason = `HTTP status ${status}`;
  if (status >= 200 && status < 300) return null;
  if (RATE_LIMIT_STATUSES.has(status)) return { kind: "rate_limited", reason, blockMs };
  if (CREDENTIAL_STATUSES.has(status)) return { kind: "fatal", reason, isCredentials: true };
  if (FINAL_STATUSES.has(status)) return { kind: "fatal", reason, isCredentials: false };
  if (status >= 300 && status < 400)
    return { kind: "unavailable", reason: `${reason}, a redirect that is not followed` };
  if (status >= 400 && status < 500 && !PASSING_STATUSES.has(status)) return { kind: "refused", reason };
  return { kind: "unavailable", reason };
}
