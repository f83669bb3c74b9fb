import type { RandomSource } from "./clock.ts";

/** 2^attempt beyond this is above any cap in use; it keeps the power finite. */
const ATTEMPT_MAX = 40;
/** Share of the cap that a probe's jitter may take away: clients that failed together do not knock together. */
const PROBE_JITTER = 0.1;

/** How the waits between tries grow. */
export interface BackoffPolicy {
  /** Bound of the first wait, ms. */
  readonly initialDelayMs: number;
  /** Bound of every wait, ms. */
  readonly maxDelayMs: number;
}

/**
 * How long to wait before the next try, ms: full jitter, `random() * min(maxDelayMs, initialDelayMs * 2^attempt)`.
 *
 * @param attempt failures before this wait, less one: 0 after the first
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (2015-03-04)
 */
export function backoffDelayMs(policy: BackoffPolicy, attempt: number, random: RandomSource): number {
  const exponent = Math.min(Math.max(0, attempt), ATTEMPT_MAX);
  return random() * Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** exponent);
}

/** How long to wait before the next slow probe of something that has failed for good, ms: the cap, less up to a tenth. */
export function probeDelayMs(policy: BackoffPolicy, random: RandomSource): number {
  return policy.maxDelayMs * (1 - PROBE_JITTER + PROBE_JITTER * random());
}
