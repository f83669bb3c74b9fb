import { z } from "zod";
import {
  COMMON_PROFILE_SHAPE,
  connectsSchema,
  DAY_MS,
  MAX_SYMBOLS,
  messageSpacingSchema,
  SYMBOLS_SHAPE,
  spanMs,
} from "../common-profile-schema.ts";
import { EACH, pathSchema, symbolPathSchema, templateSchema } from "../profile-words.ts";

/** Upper limits of what a profile may ask for, so that a slip of the pen is found when it is read. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const MAX_RULES = 64;
const MAX_METADATA = 32;
const MAX_FILES = 64;
/** Farthest power of ten a whole number may be scaled by: room is kept for so many digits. */
const MAX_EXPONENT = 18;

/** The decimal point and the list element that a path may hold: `quote.*.bid`. */
const fieldPath = pathSchema.describe("Field names joined by dots; * stands for each element of a repeated field");

const decimalSchema = z
  .union(
    [
      fieldPath.transform((path) => ({ path, kind: "string" as const })),
      z.strictObject({ path: fieldPath, kind: z.enum(["string", "decimal"]) }),
      z.strictObject({ path: fieldPath, kind: z.literal("unitsNano") }),
      z.strictObject({
        path: fieldPath,
        kind: z.literal("scaled"),
        exponent: z.int().min(-MAX_EXPONENT).max(MAX_EXPONENT).default(0).describe("Power of ten: -8 for 0.00000001"),
        exponentPath: fieldPath.optional().describe("Where the message itself says the power of ten"),
      }),
    ],
    {
      error:
        "Must be a path, { path, kind: string | decimal | unitsNano }, or { path, kind: scaled, exponent } with exponent -18 to 18",
    },
  )
  .describe("A string, a google.type.Decimal, units and nano, or a whole number times a power of ten");

/** Where a price or a size stands, and how it is written there. */
export type DecimalMapping = z.output<typeof decimalSchema>;

const sideSchema = z
  .strictObject({
    price: decimalSchema,
    size: decimalSchema.optional().describe("Leave out where the venue gives no size"),
    levels: fieldPath.optional().describe("A list of levels, best first: then price and size are paths within a level"),
  })
  .describe("One side: price and size by path, or of the first of a list of levels");

/** See {@link sideSchema}. */
export type GrpcSideMapping = z.output<typeof sideSchema>;

const literalSchema = z.union([z.string().max(256), z.int(), z.boolean()]);

const conditionSchema = z.union(
  [
    literalSchema,
    z.strictObject({ is: z.enum(["present", "absent"]) }),
    z.strictObject({ oneOf: z.array(literalSchema).min(1).max(32) }),
  ],
  {
    error: 'Must be a value to equal (the name of an enum value), { "is": "present" | "absent" } or { "oneOf": [...] }',
  },
);

/** See {@link conditionSchema}. */
export type GrpcCondition = z.output<typeof conditionSchema>;

const conditionsSchema = z.record(fieldPath, conditionSchema);

/** Conditions on fields of a message; all must hold. */
export type GrpcConditions = z.output<typeof conditionsSchema>;

const whenSchema = conditionsSchema.refine(
  (conditions) => !Object.keys(conditions).some((path) => path.split(".").includes(EACH)),
  { error: "Must not use * here" },
);

const quoteMappingSchema = z.strictObject({
  symbol: symbolPathSchema,
  bid: sideSchema,
  ask: sideSchema,
  time: z
    .strictObject({ path: fieldPath, format: z.enum(["timestamp", "s", "ms", "us", "ns", "iso8601"]) })
    .optional()
    .describe("The venue's stamp; leave out where there is none"),
  sequence: fieldPath.optional(),
  previousSequence: fieldPath.optional(),
  snapshot: z
    .strictObject({
      when: conditionsSchema,
      restartsSequence: z.boolean().default(true).describe("The sequence rule starts anew with a snapshot"),
      isNeeded: z.boolean().default(false).describe("A change that comes before any snapshot is rejected"),
    })
    .optional()
    .describe("Which quotes replace all that was known"),
  merge: z.boolean().default(false).describe("Messages hold changes only: keep the rest from before"),
  zeroPriceIsEmpty: z.boolean().default(true).describe("A price of zero means that the side is empty"),
});

/** See {@link quoteMappingSchema}. */
export type GrpcQuoteMapping = z.output<typeof quoteMappingSchema>;

const when = whenSchema.describe("All must hold; an empty object matches every message");
const reason = z.array(fieldPath).max(4).default([]).describe("Texts that say why");

const quoteRule = z.strictObject({ kind: z.literal("quote"), when, quote: quoteMappingSchema });
const plainRule = z.strictObject({ kind: z.literal("ignore"), when });
const heartbeatRule = z.strictObject({
  kind: z.literal("heartbeat"),
  when,
  reply: z
    .json()
    .optional()
    .describe('The request message that answers it; "{path}" is replaced by the value of that field of the message'),
});
const ackRule = z.strictObject({
  kind: z.literal("ack"),
  when,
  symbol: symbolPathSchema.optional().describe("The instruments it answers for; * stands for each element"),
  success: conditionsSchema.optional().describe("What holds of an instrument that was taken; else it was refused"),
  reason,
});
const refusalRule = z.strictObject({
  kind: z.literal("refusal"),
  when,
  symbol: symbolPathSchema
    .optional()
    .describe("The refused instruments; absent: all that were asked for with the call"),
  reason,
});
const endRule = z.strictObject({
  kind: z.enum(["fatal", "reconnect"]),
  when,
  reason,
  isRateLimit: z.boolean().default(false).describe("`fatal`: we were too fast"),
  isCredentials: z.boolean().default(false).describe("`fatal`: token or account are wrong"),
});

const ruleSchema = z.discriminatedUnion("kind", [quoteRule, heartbeatRule, ackRule, refusalRule, endRule, plainRule], {
  error: (issue) =>
    issue.code === "invalid_union" ? "Must be quote, heartbeat, ack, refusal, fatal, reconnect or ignore" : undefined,
});

const limitsSchema = z
  .strictObject({
    symbolsPerConnection: z.int().min(1).max(MAX_SYMBOLS).default(1000).describe("More are spread over connections"),
    symbolsPerRequest: z.int().min(1).max(MAX_SYMBOLS).default(100).describe("Symbols one request names at most"),
    messageSpacingMs: messageSpacingSchema,
    connects: connectsSchema,
    maxMessageBytes: z
      .int()
      .min(1024)
      .max(MAX_MESSAGE_BYTES)
      .default(1_048_576)
      .describe("Longest message taken, bytes"),
    maxSessionMs: z.int().min(0).max(DAY_MS).default(0).describe("Reconnect by plan after this long, ms; 0 = never"),
    deadAfterMs: spanMs("No message for this long: the connection is given up, ms").default(60_000),
    staleAfterMs: spanMs("No data and no heartbeat for this long: the feed is stale, ms").default(15_000),
  })
  .prefault({});

const sequenceSchema = z
  .strictObject({
    kind: z.enum(["none", "increasing", "contiguous", "linked"]).default("none"),
    isEqualDuplicate: z.boolean().default(true).describe("`increasing`: a number seen before is a duplicate to drop"),
    resetValue: z
      .string()
      .regex(/^[0-9]{1,24}$/)
      .nullable()
      .default(null)
      .describe("A number that means the venue started anew"),
    onGap: z.enum(["continue", "resubscribe"]).default("continue"),
  })
  .prefault({})
  .describe("How the venue's own numbers prove order and completeness");

const keepaliveSchema = z
  .strictObject({
    everyMs: spanMs("An HTTP/2 ping after this long without a byte, ms; servers may refuse less than 5 min").default(
      30_000,
    ),
    timeoutMs: spanMs("A link that does not answer a ping by then is dead, ms").default(10_000),
  })
  .prefault({});

const metadataName = z
  .string()
  .regex(/^[a-z0-9_.-]{1,100}$/, { error: "Must be lower case letters, digits, _ . -" })
  .refine((name) => !name.endsWith("-bin") && !name.startsWith("grpc-"), { error: "Must not be -bin, nor grpc-" });

const metadataValue = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[\x20-\x7e]*$/, { error: "Must be printable ASCII" })
  .refine((text) => /^([^{}]|\{token\})*$/.test(text), { error: "Must use no placeholder but {token}" });

/** The shape of the profile of a gRPC venue: the one home of its names, defaults and limits. */
export const grpcProfileSchema = z.strictObject({
  ...COMMON_PROFILE_SHAPE,
  transport: z.literal("grpc"),
  address: z
    .string()
    .regex(/^[^\s/:[\]]+:\d{1,5}$|^\[[0-9a-fA-F:.]+\]:\d{1,5}$/, { error: "Must be host:port" })
    .nullable()
    .default(null)
    .describe("host:port; null where every feed has its own"),
  tls: z.enum(["required", "optional"]).default("required"),
  proto: z
    .union([z.literal("reflection"), z.array(z.string().min(1).max(200)).min(1).max(MAX_FILES)], {
      error: "Must be reflection, or a list of .proto files",
    })
    .describe("Files out of config/protos (a feed may name its own), or `reflection`: the server is asked"),
  method: z
    .string()
    .regex(/^[A-Za-z_][\w.]*\/[A-Za-z_]\w*$/, { error: "Must be package.Service/Method" })
    .describe("package.Service/Method: server streaming or bidirectional"),
  metadata: z
    .record(metadataName, metadataValue)
    .default({})
    .refine((entries) => Object.keys(entries).length <= MAX_METADATA, { error: `Must have at most ${MAX_METADATA}` })
    .describe("What goes with every call; also the place of {token}"),
  symbols: z.strictObject(SYMBOLS_SHAPE),
  subscribe: templateSchema.describe("The request message as JSON; on a bidirectional call the one that subscribes"),
  unsubscribe: templateSchema.optional().describe("Bidirectional calls: the message that unsubscribes"),
  ackTimeoutMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(0)
    .describe("Bidirectional calls: how long an ack may take; 0: there is none, the first quote is one"),
  firstMessageMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(15_000)
    .describe("A call on which nothing has come by then is given up, ms; 0: an idle market may be silent for long"),
  keepalive: keepaliveSchema,
  sequence: sequenceSchema,
  limits: limitsSchema,
  messages: z
    .array(ruleSchema)
    .min(1)
    .max(MAX_RULES)
    .describe("What the venue sends; the first rule that matches counts"),
});

/** The profile of a gRPC venue, read and checked, defaults filled in. */
export type GrpcProfile = z.output<typeof grpcProfileSchema>;

/** One rule of a profile's `messages`. */
export type GrpcRule = GrpcProfile["messages"][number];
