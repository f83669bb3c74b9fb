import type { Clock } from "../../runtime/clock.ts";

/** How {@link firstAnswer} goes from one attempt to the next. */
export interface FirstAnswerOptions {
  readonly clock: Clock;
  /** An attempt that has not ended by then is not waited for alone: the next one begins beside it, ms. */
  readonly nextAfterMs: number;
  /** None begins later than this after the first, ms. */
  readonly lastStartMs: number;
}

/**
 * Makes the attempts one after the other, the next when one fails or takes long, until one resolves. Rejects with the
 * error of the one that failed last when none may begin any more. What is left running is not waited for.
 * @param attempts at least one; none is made twice
 */
export function firstAnswer<T>(attempts: readonly (() => Promise<T>)[], options: FirstAnswerOptions): Promise<T> {
  const { clock, nextAfterMs, lastStartMs } = options;
  const answer = Promise.withResolvers<T>();
  const beganMs = clock.monotonicMs();
  let begun = 0;
  let running = 0;
  let isDone = false;
  let timer = clock.schedule(nextAfterMs, beginNext);

  function beginNext(): void {
    timer.cancel();
    if (isDone || begun === attempts.length || clock.monotonicMs() - beganMs > lastStartMs) return;
    running++;
    attempts[begun++]().then(finish, fail);
    if (begun < attempts.length) timer = clock.schedule(nextAfterMs, beginNext);
  }

  function finish(value: T): void {
    isDone = true;
    timer.cancel();
    answer.resolve(value);
  }

  function fail(error: unknown): void {
    running--;
    beginNext();
    if (running > 0) return;
    timer.cancel();
    answer.reject(error);
  }

  beginNext();
  return answer.promise;
}
