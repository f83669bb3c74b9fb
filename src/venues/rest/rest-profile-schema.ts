import { z } from "zod";
import {
  COMMON_PROFILE_SHAPE,
  connectsSchema,
  DAY_MS,
  MAX_SYMBOLS,
  SYMBOLS_SHAPE,
  spanMs,
} from "../common-profile-schema.ts";
import { quoteMappingSchema } from "../profile-quote-schema.ts";
import { conditionsSchema, fieldSchema, pathSchema, symbolPathSchema } from "../profile-words.ts";
import { TIME_FORMATS } from "../time-text.ts";
import { findRequestTemplateProblem } from "./request-template.ts";

/** Upper limits of what a profile may ask for, so that a slip of the pen is found when it is read. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const MAX_WEIGHT = 1_000_000;
const MAX_RULES = 64;
const MAX_WINDOWS = 4;
const MAX_IN_FLIGHT = 16;

const headerName = z.string().regex(/^[A-Za-z0-9-]{1,100}$/, { error: "Must be the name of a header" });

function template(place: "path" | "query" | "header") {
  return z
    .string()
    .max(500)
    .superRefine((text, context) => {
      const problem = findRequestTemplateProblem(text, place);
      if (problem !== "") context.addIssue({ code: "custom", message: problem });
    });
}

const requestSchema = z.strictObject({
  path: template("path").regex(/^\//, { error: "Must begin with /" }).describe("Behind the URL"),
  query: z
    .record(z.string().min(1).max(100), template("query"))
    .default({})
    .describe("A parameter that holds {since} is left out where there is none yet"),
  headers: z.record(headerName, template("header")).default({}).describe("Also the place of {token}"),
  symbolsPerRequest: z
    .int()
    .min(1)
    .max(MAX_SYMBOLS)
    .default(1)
    .describe("Symbols one request names at most; without {symbol} and {symbols} a request asks for everything"),
  etag: z.boolean().default(false).describe("Answers carry an ETag worth sending back (If-None-Match)"),
  since: pathSchema.optional().describe("Where an answer says from which point on the next request may ask ({since})"),
});

const pollingSchema = z
  .strictObject({
    intervalMs: spanMs("Every symbol is asked for once in this time, ms").default(1000),
    timeoutMs: spanMs("An answer that is not whole by then is given up, ms").default(5000),
    maxBodyBytes: z.int().min(1024).max(MAX_BODY_BYTES).default(2_097_152).describe("Longest body, inflated, bytes"),
    inFlight: z.int().min(1).max(MAX_IN_FLIGHT).default(4).describe("Requests under way at the same time, at most"),
  })
  .prefault({});

const usageSchema = z
  .strictObject({
    used: headerName.optional(),
    remaining: headerName.optional(),
    limit: headerName.optional().describe("The limit as the venue has it now; absent: `weight`"),
    resetAt: z
      .strictObject({ header: headerName, format: z.enum(["s", "ms"]) })
      .optional()
      .describe("When the present window ends"),
  })
  .refine((usage) => (usage.used === undefined) !== (usage.remaining === undefined), {
    error: "Must have either used or remaining",
  });

const budgetSchema = z.strictObject({
  windows: z
    .array(
      z.strictObject({
        weight: z.int().min(1).max(MAX_WEIGHT).describe("What the venue allows in the window"),
        windowMs: spanMs("Length of the window, ms"),
        usage: usageSchema.optional().describe("Headers in which the venue tells where the window stands"),
      }),
    )
    .min(1)
    .max(MAX_WINDOWS),
  costs: z
    .array(
      z.strictObject({
        symbolsMax: z.int().min(1).max(MAX_SYMBOLS).optional().describe("Absent: any number of symbols"),
        weight: z.int().min(1).max(MAX_WEIGHT),
      }),
    )
    .min(1)
    .default([{ weight: 1 }])
    .describe("What one request costs; the first that fits counts"),
  blockMs: spanMs("How long to keep still after a rate-limit answer that does not say, ms").default(60_000),
});

const limitsSchema = z
  .strictObject({
    symbolsPerConnection: z.int().min(1).max(MAX_SYMBOLS).default(1000).describe("More are spread over sessions"),
    connects: connectsSchema,
    maxSessionMs: z.int().min(0).max(DAY_MS).default(0).describe("Start anew by plan after this long, ms; 0 = never"),
    deadAfterMs: spanMs("No answer of any kind for this long: the session is given up, ms").default(30_000),
    staleAfterMs: spanMs("No good answer for this long: the feed is stale, ms").default(15_000),
  })
  .prefault({});

const sequenceSchema = z
  .strictObject({
    kind: z.enum(["none", "increasing"], { error: "Must be none or increasing: polls skip numbers" }).default("none"),
    isEqualDuplicate: z.boolean().default(false).describe("A number seen before is a duplicate to drop"),
  })
  .prefault({})
  .describe("How the venue's own numbers prove order");

const symbolSchema = z
  .union(
    [
      symbolPathSchema,
      z.strictObject({ from: z.literal("request") }),
      z.strictObject({
        from: z.literal("key"),
        renamed: z
          .boolean()
          .default(false)
          .describe("Keys may differ from the symbol asked for: such a symbol is asked for alone once"),
      }),
    ],
    { error: 'Must be a path, { path, template }, { "from": "request" } or { "from": "key" }' },
  )
  .describe("A path; or `request`: the one symbol asked for; or `key`: the key of each member in place of *");

/** Where the parts of a quote stand in an answer. With * in the paths, one answer holds several. */
const restQuoteSchema = z.strictObject({
  symbol: symbolSchema,
  bid: quoteMappingSchema.shape.bid,
  ask: quoteMappingSchema.shape.ask,
  time: z
    .strictObject({ path: pathSchema, format: z.enum(TIME_FORMATS), optional: z.boolean().default(false) })
    .optional()
    .describe("The venue's stamp; leave out where there is none"),
  sequence: fieldSchema.optional(),
  zeroPriceIsEmpty: z.boolean().default(true).describe("A price of zero means that the side is empty"),
});

/** See {@link restQuoteSchema}. */
export type RestQuoteMapping = z.output<typeof restQuoteSchema>;

/** What every rule has: which answers it is for. */
const matches = {
  status: z.array(z.int().min(100).max(599)).min(1).max(16).default([200]).describe("HTTP statuses"),
  when: conditionsSchema.default({}).describe("All must hold; none: every answer, JSON or not, of these statuses"),
};

const reason = z.array(pathSchema).max(4).default([]).describe("Texts that say why");

const quoteRule = z.strictObject({
  kind: z.literal("quote"),
  ...matches,
  quote: restQuoteSchema,
  missing: z
    .enum(["refused", "unchanged"])
    .default("refused")
    .describe("What it means when a symbol that was asked for is not in the answer"),
});

const refusalRule = z.strictObject({ kind: z.literal("refusal"), ...matches, reason });

const rateLimitRule = z.strictObject({
  kind: z.literal("rateLimit"),
  ...matches,
  reason,
  blockMs: spanMs("How long to keep still unless Retry-After says, ms").optional(),
});

const unavailableRule = z.strictObject({ kind: z.literal("unavailable"), ...matches, reason });

const fatalRule = z.strictObject({
  kind: z.literal("fatal"),
  ...matches,
  reason,
  isCredentials: z.boolean().default(false).describe("Token or account are wrong"),
});

const ruleSchema = z.discriminatedUnion("kind", [quoteRule, refusalRule, rateLimitRule, unavailableRule, fatalRule], {
  error: (issue) =>
    issue.code === "invalid_union" ? "Must be quote, refusal, rateLimit, unavailable or fatal" : undefined,
});

/** The shape of the profile of a REST venue: the one home of its names, defaults and limits. */
export const restProfileSchema = z.strictObject({
  ...COMMON_PROFILE_SHAPE,
  transport: z.literal("rest"),
  url: z
    .string()
    .regex(/^https?:\/\/[^\s#?]+$/, { error: "Must be an http:// or https:// URL without query and fragment" })
    .describe("What all paths begin with"),
  symbols: z.strictObject(SYMBOLS_SHAPE),
  request: requestSchema,
  polling: pollingSchema,
  budget: budgetSchema.describe("What the venue allows one address, over all requests to its host"),
  sequence: sequenceSchema,
  limits: limitsSchema,
  answers: z
    .array(ruleSchema)
    .min(1)
    .max(MAX_RULES)
    .describe("What the venue answers; the first rule that matches counts, else the status speaks for itself"),
});

/** The profile of a REST venue, read and checked, defaults filled in. */
export type RestProfile = z.output<typeof restProfileSchema>;

/** One rule of a profile's `answers`. */
export type AnswerRule = RestProfile["answers"][number];
