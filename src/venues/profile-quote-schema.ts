import { z } from "zod";
import { conditionsSchema, fieldSchema, pathSchema, symbolPathSchema } from "./profile-words.ts";
import { TIME_FORMATS } from "./time-text.ts";

/** One side of the book: a price and a size by path, or the best of a list of levels. */
const sideSchema = z
  .strictObject({
    price: fieldSchema.optional(),
    size: fieldSchema.optional().describe("Leave out where the venue gives no size"),
    levels: fieldSchema.optional().describe("A list of levels, best first"),
    levelPrice: pathSchema.default("0").describe("The price within a level"),
    levelSize: pathSchema.default("1").describe("The size within a level"),
  })
  .refine((side) => (side.price === undefined) !== (side.levels === undefined), {
    error: "Must have either price or levels",
  })
  .refine((side) => side.levels === undefined || side.size === undefined, {
    error: "Must not have size beside levels: use levelSize",
  });

/** See {@link sideSchema}. */
export type SideMapping = z.output<typeof sideSchema>;

/** Where the parts of a quote stand in a message. With * in the paths, one message holds several. */
export const quoteMappingSchema = z.strictObject({
  symbol: symbolPathSchema,
  bid: sideSchema,
  ask: sideSchema,
  time: z
    .strictObject({ path: pathSchema, format: z.enum(TIME_FORMATS), optional: z.boolean().default(false) })
    .optional()
    .describe("The venue's stamp; leave out where there is none"),
  sequence: fieldSchema.optional(),
  previousSequence: fieldSchema.optional(),
  snapshot: z
    .strictObject({
      when: conditionsSchema,
      restartsSequence: z.boolean().default(true).describe("The sequence rule starts anew with a snapshot"),
    })
    .optional()
    .describe("Which messages replace all that was known"),
  merge: z.boolean().default(false).describe("Messages hold changes only: keep the rest from before"),
  zeroPriceIsEmpty: z.boolean().default(true).describe("A price of zero means that the side is empty"),
});

/** See {@link quoteMappingSchema}. */
export type QuoteMapping = z.output<typeof quoteMappingSchema>;
