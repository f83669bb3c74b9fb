import type { z } from "zod";
import { compileFixVenue, type FixVenueOptions } from "../../src/venues/compile-fix-venue.ts";
import type { CompiledFixVenue, FixField } from "../../src/venues/compiled-fix-venue.ts";
import type { FixProfile, fixProfileSchema } from "../../src/venues/fix-profile-schema.ts";
import { loadProfile } from "../../src/venues/load-profile.ts";

/** A FIX profile as it is written, before defaults. */
export type FixProfileInput = z.input<typeof fixProfileSchema>;

/** A small profile of an LP that does not exist; members given replace its own. */
export function testFixProfile(changes: Partial<FixProfileInput> = {}): FixProfileInput {
  return {
    name: "test-lp",
    description: "An LP for tests",
    transport: "fix",
    symbols: { default: ["EUR/USD"] },
    subscribe: [
      "262={id}",
      "263=1",
      "264={depth}",
      "267=2",
      "269=0",
      "269=1",
      "146={symbolCount}",
      { $each: ["55={symbol}"] },
    ],
    ...changes,
  };
}

/** {@link testFixProfile}, read and checked. */
export function readFixProfile(changes: Partial<FixProfileInput> = {}): FixProfile {
  return loadProfile(JSON.stringify(testFixProfile(changes)), '"test-lp"', "fix");
}

/** {@link testFixProfile}, compiled. */
export function testFixVenue(
  changes: Partial<FixProfileInput> = {},
  options: FixVenueOptions = { heartbeatS: 30, depth: 1 },
): CompiledFixVenue {
  return compileFixVenue(readFixProfile(changes), options);
}

/** Ids `1`, `2`, … */
export function countingIds(): () => string {
  let last = 0;
  return () => String(++last);
}

/** Fields as a log shows them: `262=1|263=1`. */
export function fieldText(fields: readonly FixField[]): string {
  return fields.map(([tag, value]) => `${tag}=${value}`).join("|");
}
