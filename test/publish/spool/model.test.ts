// The spool against a plain model of it, over many seeds: random operations on a disk that fails, fills up and forgets, the
// process killed or the power cut at any call, several lives in a row. `SPOOL_SEED=<number>` repeats one seed;
// `SPOOL_SEEDS=<count>` runs more than usual. Seeds that failed once are kept in `seeds.json` and run first, those too that
// found a defect put into the spool on purpose.
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ModelRun } from "./model-run.ts";
import knownSeeds from "./seeds.json";

const SEEDS = Number(process.env["SPOOL_SEEDS"] ?? 1000);
/** Seeds whose first life dies at each of its calls in turn. */
const SEEDS_OF_EVERY_CALL = 5;
/** Seeds are whole numbers below this. */
const SEED_LIMIT = 2 ** 31;
/** Seeds kept; the oldest go. */
const SEEDS_KEPT_MAX = 60;
const LIMIT_MS = 600_000;

const only = process.env["SPOOL_SEED"];

/** @throws when the spool and the model disagree; the seed is kept then */
async function runSeed(seed: number): Promise<void> {
  try {
    await new ModelRun(seed).run();
  } catch (error) {
    const seeds = [...knownSeeds.filter((known) => known !== seed), seed].slice(-SEEDS_KEPT_MAX);
    writeFileSync(join(import.meta.dir, "seeds.json"), `${JSON.stringify(seeds)}\n`);
    throw error;
  }
}

describe("the spool and its model", () => {
  test.each(only === undefined ? knownSeeds : [Number(only)])("agree over seed %p", async (seed) => {
    await expect(new ModelRun(seed).run()).resolves.toBeUndefined();
  });

  if (only !== undefined) return;

  test(
    `agree over ${SEEDS} seeds`,
    async () => {
      const first = Math.floor(Math.random() * SEED_LIMIT);
      for (let index = 0; index < SEEDS; index++) {
        await expect(runSeed((first + index) % SEED_LIMIT)).resolves.toBeUndefined();
      }
    },
    LIMIT_MS,
  );

  test(
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
