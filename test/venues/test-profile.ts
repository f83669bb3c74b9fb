import type { z } from "zod";
import { compileVenue } from "../../src/venues/compile-venue.ts";
import type { CompiledVenue } from "../../src/venues/compiled-venue.ts";
import { loadProfile } from "../../src/venues/load-profile.ts";
import type { webSocketProfileSchema } from "../../src/venues/websocket-profile-schema.ts";

/** A profile as it is written, before defaults. */
export type ProfileInput = z.input<typeof webSocketProfileSchema>;

/** The rule for a quote whose fields are all at the top of the message. */
export const FLAT_QUOTE = {
  symbol: "s",
  bid: { price: "b", size: "B" },
  ask: { price: "a", size: "A" },
} as const;

/** A small profile of a venue that does not exist; members given replace its own. */
export function testProfile(changes: Partial<ProfileInput> = {}): ProfileInput {
  return {
    name: "test-venue",
    description: "A venue for tests",
    transport: "websocket",
    url: "wss://venue.test/stream",
    symbols: { default: ["AAA"] },
    subscribe: { op: "sub", symbols: "{symbols}" },
    unsubscribe: { op: "unsub", symbols: "{symbols}" },
    ackTimeoutMs: 0,
    sequence: { kind: "none" },
    limits: { symbolsPerConnection: 10, symbolsPerRequest: 10 },
    messages: [{ kind: "quote", when: {}, quote: FLAT_QUOTE }],
    ...changes,
  };
}

/** {@link testProfile}, compiled. */
export function testVenue(changes: Partial<ProfileInput> = {}): CompiledVenue {
  return compileVenue(loadProfile(JSON.stringify(testProfile(changes)), '"test-venue"', "websocket"));
}
