/** Longest client-side pause taken from an answer, ms; brokers mute the connection themselves beyond it. */
export const THROTTLE_MAX_MS = 30_000;

/** How long an answer asks its connection to send nothing (KIP-219), ms; 0 when it does not. */
export function throttleMs(answer: unknown): number {
  if (typeof answer !== "object" || answer === null || !("clientSideThrottleTime" in answer)) return 0;
  const value = answer.clientSideThrottleTime;
  return typeof value === "number" && value > 0 ? value : 0;
}

/**
 * The answer with its throttle cut to {@link THROTTLE_MAX_MS}. Kafkajs obeys whatever stands there: a broken broker could
 * hold back every later request of the connection for 24 days.
 */
export function boundThrottle<Answer>(answer: Answer): Answer {
  if (throttleMs(answer) > THROTTLE_MAX_MS)
    Object.assign(answer as object, { clientSideThrottleTime: THROTTLE_MAX_MS });
  return answer;
}
