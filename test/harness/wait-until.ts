/** Time between two looks, ms. */
const LOOK_EVERY_MS = 20;

/** How long and for what a test waits. */
export interface WaitOptions {
  readonly limitMs: number;
  /** What is waited for, for the message. */
  readonly what: string;
  /** Counts what comes on the way: the limit begins anew with every change, so that a slow machine is no failure. */
  readonly progress?: () => number | Promise<number>;
}

/** Looks again and again until the condition holds; rejects at the limit, naming what did not come. */
export async function waitUntil(isSo: () => boolean | Promise<boolean>, options: WaitOptions): Promise<void> {
  let endMs = performance.now() + options.limitMs;
  let progress = await options.progress?.();
  while (!(await isSo())) {
    const now = await options.progress?.();
    if (now !== progress) endMs = performance.now() + options.limitMs;
    progress = now;
    if (performance.now() > endMs) throw new Error(`Cannot go on: no ${options.what} within ${options.limitMs} ms`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
