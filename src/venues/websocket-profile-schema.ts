import { z } from "zod";
import {
  COMMON_PROFILE_SHAPE,
  connectsSchema,
  DAY_MS,
  MAX_SYMBOLS,
  messageSpacingSchema,
  SYMBOLS_SHAPE,
  spanMs,
} from "./common-profile-schema.ts";
import { quoteMappingSchema } from "./profile-quote-schema.ts";
import { answerSchema, conditionsSchema, pathSchema, symbolPathSchema, templateSchema } from "./profile-words.ts";

/** Upper limits of what a profile may ask for, so that a slip of the pen is found when it is read. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const MAX_RULES = 64;
const MAX_OPENING = 8;

const limitsSchema = z.strictObject({
  symbolsPerConnection: z.int().min(1).max(MAX_SYMBOLS).describe("More symbols than this are spread over connections"),
  symbolsPerRequest: z.int().min(1).max(MAX_SYMBOLS).default(1).describe("Symbols one subscribe message names at most"),
  messageSpacingMs: messageSpacingSchema,
  connects: connectsSchema,
  maxMessageBytes: z.int().min(1024).max(MAX_MESSAGE_BYTES).default(1_048_576).describe("Longest message taken, bytes"),
  maxSessionMs: z.int().min(0).max(DAY_MS).default(0).describe("Reconnect by plan after this long, ms; 0 = never"),
  deadAfterMs: spanMs("No frame for this long: the connection is half-open, ms").default(30_000),
  staleAfterMs: spanMs("No data and no heartbeat for this long: the feed is stale, ms").default(15_000),
});

const sequenceSchema = z
  .strictObject({
    kind: z.enum(["none", "increasing", "contiguous", "linked"]),
    isEqualDuplicate: z.boolean().default(true).describe("`increasing`: a number seen before is a duplicate to drop"),
    scope: z
      .literal("symbol", { error: "Must be symbol: numbers counted over a whole connection are not checked yet" })
      .default("symbol"),
    resetValue: z
      .string()
      .regex(/^[0-9]{1,24}$/)
      .nullable()
      .default(null)
      .describe("A number that means the venue started anew"),
    onGap: z.enum(["continue", "resubscribe"]).default("continue"),
  })
  .describe("How the venue's own numbers prove order and completeness");

const pingSchema = z
  .strictObject({
    everyMs: spanMs("Interval, ms"),
    when: z.enum(["always", "idle"]).default("always").describe("`idle`: only when nothing was received for everyMs"),
    frame: z.literal(true).optional().describe("A WebSocket ping frame"),
    text: z.string().min(1).max(256).optional().describe("A text frame that is no JSON"),
    message: templateSchema.optional().describe("A JSON message"),
  })
  .refine((ping) => [ping.frame, ping.text, ping.message].filter((way) => way !== undefined).length === 1, {
    error: "Must have exactly one of frame, text, message",
  });

const frameText = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^{[]/, { error: "Must not start with { or [: use `when` for JSON" })
  .describe("The whole of a text frame that is no JSON");

/** What every rule has: which messages it is for. */
const matches = {
  when: conditionsSchema.optional().describe("All must hold; an empty object matches every JSON message"),
  frameText: frameText.optional(),
};

const plainRule = z.strictObject({ kind: z.enum(["heartbeat", "ignore"]), ...matches });

const quoteRule = z.strictObject({ kind: z.literal("quote"), when: conditionsSchema, quote: quoteMappingSchema });

const ackRule = z.strictObject({
  kind: z.literal("ack"),
  when: conditionsSchema,
  id: pathSchema.optional().describe("The request id the message answers"),
  symbol: symbolPathSchema.optional().describe("The symbols that are subscribed now; * stands for each element"),
  othersRefused: z
    .boolean()
    .default(false)
    .describe("What the request `id` asked for and `symbol` does not list was refused"),
});

const refusalRule = z.strictObject({
  kind: z.literal("refusal"),
  when: conditionsSchema,
  id: pathSchema.optional(),
  symbol: symbolPathSchema.optional(),
  symbolInText: symbolPathSchema.optional().describe("A text that names the refused symbol somewhere"),
  reason: z.array(pathSchema).max(4).default([]).describe("Texts that say why"),
});

const answerRule = z.strictObject({
  kind: z.literal("answer"),
  when: conditionsSchema,
  value: pathSchema.optional().describe("What {value} stands for in the answer"),
  message: answerSchema.describe("The answer, a JSON message; {value} repeats a part of the venue's"),
});

const endRule = z.strictObject({
  kind: z.enum(["fatal", "reconnect"]),
  ...matches,
  reason: z.array(pathSchema).max(4).default([]).describe("Texts that say why"),
  isRateLimit: z.boolean().default(false).describe("`fatal`: we were too fast"),
});

const ruleSchema = z.discriminatedUnion("kind", [plainRule, quoteRule, ackRule, refusalRule, answerRule, endRule], {
  error: (issue) =>
    issue.code === "invalid_union"
      ? "Must be quote, heartbeat, ack, refusal, answer, fatal, reconnect or ignore"
      : undefined,
});

/** The shape of the profile of a WebSocket venue: the one home of its names, defaults and limits. */
export const webSocketProfileSchema = z.strictObject({
  ...COMMON_PROFILE_SHAPE,
  transport: z.literal("websocket"),
  url: z.string().regex(/^wss?:\/\/[^\s#]+$/, { error: "Must be a ws:// or wss:// URL without a fragment" }),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string())
    .default({})
    .describe("Extra headers of the handshake"),
  symbols: z.strictObject(SYMBOLS_SHAPE),
  opening: z
    .array(templateSchema)
    .max(MAX_OPENING)
    .default([])
    .describe("Messages sent once on every new connection, before the first subscription"),
  subscribe: templateSchema.describe("The message that subscribes"),
  unsubscribe: templateSchema.describe("The message that unsubscribes"),
  ackTimeoutMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(10_000)
    .describe("0: the venue sends no ack, the first quote is one"),
  ping: pingSchema.nullable().default(null),
  sequence: sequenceSchema,
  limits: limitsSchema,
  messages: z
    .array(ruleSchema)
    .min(1)
    .max(MAX_RULES)
    .describe("What the venue sends; the first rule that matches counts"),
});

/** The profile of a WebSocket venue, read and checked, defaults filled in. */
export type WebSocketProfile = z.output<typeof webSocketProfileSchema>;

/** One rule of a profile's `messages`. */
export type MessageRule = WebSocketProfile["messages"][number];
