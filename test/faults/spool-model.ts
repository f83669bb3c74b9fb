import { ModelRun } from "../publish/spool/model-run.ts";
import type { FaultCase } from "./fault-case.ts";

/** Of the long form: some minutes. */
const SEEDS = { short: 200, long: 20_000 };
const SEED_LIMIT = 2 ** 31;
const SAY_EVERY = 2000;

/** The spool against its model, on a disk that tears, forgets, fails and fills up: as in the tests, over many more seeds. */
export const spoolModel: FaultCase = {
  fault: "F9",
  name: "spool-model",
  title: "the spool and a plain model of it agree over random operations, faults and crashes at any call",
  limitMs: { short: 120_000, long: 3_600_000 },
  async run({ form, seed, say, measure }) {
    for (let count = 0; count < SEEDS[form]; count++) {
      // Rejects with the seed of this one and all that was done: SPOOL_SEED repeats it in test/publish/spool/model.test.ts.
      await new ModelRun((seed + count) % SEED_LIMIT).run();
      if (count % SAY_EVERY === SAY_EVERY - 1) say(`${count + 1} seeds`);
    }
    measure({ name: "seeds without a disagreement", value: SEEDS[form], unit: "", least: SEEDS[form] });
  },
};
