import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Seeds that have failed once, by case; kept in the repository. */
const SEEDS_FILE = join(import.meta.dir, "seeds.json");
/** Of one case; the oldest go. */
const SEEDS_KEPT_MAX = 20;

type Seeds = Record<string, number[]>;

/** The seeds a case has failed with, oldest first: every later run begins with them. */
export function failedSeeds(caseName: string): readonly number[] {
  return readSeeds()[caseName] ?? [];
}

/** Keeps a seed a case has failed with. */
export function keepFailedSeed(caseName: string, seed: number): void {
  const seeds = readSeeds();
  const known = seeds[caseName] ?? [];
  if (known.includes(seed)) return;
  seeds[caseName] = [...known, seed].slice(-SEEDS_KEPT_MAX);
  const sorted = Object.fromEntries(Object.entries(seeds).sort(([a], [b]) => a.localeCompare(b)));
  writeFileSync(SEEDS_FILE, `${JSON.stringify(sorted, null, 2)}\n`);
}

function readSeeds(): Seeds {
  return existsSync(SEEDS_FILE) ? (JSON.parse(readFileSync(SEEDS_FILE, "utf8")) as Seeds) : {};
}
