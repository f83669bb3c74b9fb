// The spool against a plain model of it, over many seeds: random operations on a disk that fails, fills up and forgets, the
// process killed or the power cut at any call, several lives in a row. `SPOOL_SEED=<number>` repeats one seed with all that was
// done; `SPOOL_SEEDS=<count>` runs more than usual. Seeds that failed once are in `seeds.json` and run first.
import { describe, expect, test } from "bun:test";
import { ModelRun } from "./model-run.ts";
import knownSeeds from "./seeds.json";

const SEEDS = Number(process.env["SPOOL_SEEDS"] ?? 1000);
/** Seeds whose first life dies at each of its calls in turn. */
const SEEDS_OF_EVERY_CALL = 4;
/** Seeds are whole numbers below this. */
const SEED_LIMIT = 2 ** 31;
const LIMIT_MS = 600_000;

const only = process.env["SPOOL_SEED"];

describe("the spool and its model", () => {
  test.each(only === undefined ? knownSeeds : [Number(only)])("agree over seed %p", async (seed) => {
    await new ModelRun(seed).run();
    expect(seed).toBeLessThan(SEED_LIMIT);
  });

  test.skipIf(only !== undefined)(
    `agree over ${SEEDS} seeds`,
    async () => {
      const first = Math.floor(Math.random() * SEED_LIMIT);
      for (let index = 0; index < SEEDS; index++) await new ModelRun((first + index) % SEED_LIMIT).run();
      expect(SEEDS).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  test.skipIf(only !== undefined)(
    "agree when the process dies at any call",
    async () => {
      let deaths = 0;
      for (let seed = 0; seed < SEEDS_OF_EVERY_CALL; seed++) {
        const whole = new ModelRun(seed, Number.POSITIVE_INFINITY);
        await whole.run();
        for (let call = 0; call < whole.firstLifeCalls; call++, deaths++) await new ModelRun(seed, call).run();
      }
      expect(deaths).toBeGreaterThan(SEEDS_OF_EVERY_CALL * 20);
    },
    LIMIT_MS,
  );
});
