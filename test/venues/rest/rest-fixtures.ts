import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findRestProfileProblems } from "../../../src/venues/rest/rest-profile-checks.ts";
import { type RestProfile, restProfileSchema } from "../../../src/venues/rest/rest-profile-schema.ts";

/** The built-in REST venues. */
export const REST_VENUES = ["binance-rest", "coinbase-rest", "kraken-rest", "bybit-rest", "oanda"] as const;

const FIXTURES_DIR = join(import.meta.dir, "../../fixtures/rest");
const PROFILES_DIR = join(import.meta.dir, "../../../config/venues");

/** One answer of a venue, as its documents show it. */
export interface WireAnswer {
  readonly status: number;
  /** The symbols that were asked for; some may be unknown to the feed. */
  readonly asked: readonly string[];
  readonly body: string;
}

/** A venue's documented answers, and what must come of each. */
export interface RestFixture {
  readonly symbols: readonly string[];
  readonly wire: readonly WireAnswer[];
  readonly expected: readonly unknown[];
}

/** The built-in profile of a REST venue, checked. */
export function builtInRestProfile(name: string): RestProfile {
  const profile = restProfileSchema.parse(JSON.parse(readFileSync(join(PROFILES_DIR, `${name}.json`), "utf8")));
  const problems = findRestProfileProblems(profile);
  if (problems.length > 0) throw new Error(`${name}: ${problems.join("; ")}`);
  return profile;
}

/** The fixture of a venue. */
export function restFixture(name: string): RestFixture {
  const read = (file: string) => readFileSync(join(FIXTURES_DIR, name, file), "utf8");
  const lines = (file: string) => read(file).trimEnd().split("\n");
  return {
    symbols: (JSON.parse(read("about.json")) as { symbols: string[] }).symbols,
    wire: lines("wire.jsonl").map((line): WireAnswer => JSON.parse(line)),
    expected: lines("expected.jsonl").map((line): unknown => JSON.parse(line)),
  };
}
