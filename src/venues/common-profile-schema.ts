import { z } from "zod";

/*
 * What profiles of every transport have.
 */

/** Longest span of time in a profile, so that a slip of the pen is found when it is read. */
export const DAY_MS = 86_400_000;

/** Most symbols of a connection or a request. */
export const MAX_SYMBOLS = 10_000;

/** A span of time of at least 1 ms. */
export function spanMs(meaning: string) {
  return z.int().min(1).max(DAY_MS).describe(meaning);
}

/** What the venue is, for people and editors. */
export const COMMON_PROFILE_SHAPE = {
  $schema: z.string().optional(),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, { error: "Must be lower case letters, digits and -" })
    .describe("The venue's name; the default of a feed's name"),
  description: z.string().min(1).max(200),
  docs: z.url().optional().describe("The venue's own page on this stream"),
  notes: z.array(z.string()).default([]).describe("What a reader should know; unverified figures are named here"),
};

/** Which symbols the venue has. */
export const SYMBOLS_SHAPE = {
  default: z.array(z.string().min(1).max(64)).min(1).describe("For demonstrations"),
  pattern: z.string().default("^\\S+$").describe("Regular expression every symbol must match"),
};

/** See `VenueLimits.connects`. */
export const connectsSchema = z
  .strictObject({ count: z.int().min(1), windowMs: spanMs("Length of the window, ms") })
  .default({ count: 10, windowMs: 10_000 })
  .describe("At most `count` connection attempts to one host in `windowMs`");

/** See `VenueLimits.messageSpacingMs`. */
export const messageSpacingSchema = z
  .int()
  .min(0)
  .max(60_000)
  .default(0)
  .describe("Least time between two messages we send, ms");
