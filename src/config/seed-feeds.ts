import * as z from "zod";
import seedFeedsJson from "../../config/feeds.json";
import { FEED_TRANSPORTS, type FeedTransport } from "./feed-variables.ts";

/** A feed the product comes with: default texts of its variables, by their names without prefix. */
export interface SeedFeed {
  readonly name: string;
  readonly transport: FeedTransport;
  /** False: off until its `_ENABLED` is true. */
  readonly isEnabled: boolean;
  readonly defaults: ReadonlyMap<string, string>;
}

const delayMs = z.int().min(1);

const SEED_SCHEMA = z.record(
  z.string(),
  z.strictObject({
    transport: z.enum(FEED_TRANSPORTS),
    isEnabled: z.boolean().default(true),
    venue: z.string().optional(),
    symbols: z.array(z.string()).min(1),
    maxRetries: z.int().min(0).optional(),
    initialDelayMs: delayMs.optional(),
    maxDelayMs: delayMs.optional(),
    staleAfterMs: delayMs.optional(),
    pingIntervalMs: delayMs.optional(),
  }),
);

/**
 * The feeds of `config/feeds.json`. Their values pass the same checks as a user's when the configuration is loaded;
 * throws when the file itself has another shape, which is a defect of the build.
 */
export function readSeedFeeds(): readonly SeedFeed[] {
  return Object.entries(SEED_SCHEMA.parse(seedFeedsJson)).map(([name, seed]) => {
    const { transport, isEnabled, ...values } = seed;
    const defaults = new Map<string, string>();
    for (const [field, value] of Object.entries(values)) {
      if (value !== undefined) defaults.set(variableKey(field), Array.isArray(value) ? value.join(",") : String(value));
    }
    return { name, transport, isEnabled, defaults };
  });
}

/** `staleAfterMs` → `STALE_AFTER_MS`. */
function variableKey(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
