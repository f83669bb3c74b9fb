/** Time between two looks, ms. */
const LOOK_EVERY_MS = 20;

/** How long and for what a test waits. */
export interface WaitOptions {
  readonly limitMs: number;
  /** What is waited for, for the message. */
  readonly what: string;
}

/** Looks again and again until the condition holds; rejects at the limit, naming what did not come. */
export async function waitUntil(isSo: () => boolean | Promise<boolean>, options: WaitOptions): Promise<void> {
  const endMs = performance.now() + options.limitMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`Cannot go on: no ${options.what} within ${options.limitMs} ms`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
