/** Longer than the longest ban known (Binance, 3 days); what asks for more gets this, ms. */
const RETRY_AFTER_MS_MAX = 3 * 24 * 3_600_000;

/**
 * Reads a `Retry-After` header: whole seconds, or an HTTP date.
 *
 * @param nowMs wall clock, ms since the epoch; a date is meant on the venue's clock, which is taken to agree
 * @returns ms to wait, 0 when the header is absent, past or unreadable
 * @see RFC 9110, section 10.2.3
 */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0;
  const text = header.trim();
  const delayMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(delayMs) ? 0 : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, delayMs));
}
