import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MarketDataPlan } from "../../src/venues/compiled-fix-venue.ts";
import { soh } from "./fix-text.ts";

const FOLDER = join(import.meta.dir, "..", "fixtures", "fix");

/** What real venues send: `wire.txt` with `|` for SOH, a message per line, and what the scanner must make of it. */
export interface FixFixture {
  readonly name: string;
  readonly plan: Partial<MarketDataPlan>;
  readonly messages: readonly Buffer[];
  readonly expected: readonly unknown[];
}

export function readFixtures(): FixFixture[] {
  return readdirSync(FOLDER)
    .toSorted()
    .map((name) => ({
      name,
      plan: JSON.parse(read(name, "about.json")).plan,
      messages: lines(read(name, "wire.txt")).map((line) => Buffer.from(soh(line), "latin1")),
      expected: lines(read(name, "expected.jsonl")).map((line) => JSON.parse(line)),
    }));
}

function read(name: string, file: string): string {
  return readFileSync(join(FOLDER, name, file), "latin1");
}

function lines(text: string): string[] {
  return text.trimEnd().split("\n");
}
