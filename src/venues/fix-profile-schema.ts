import { z } from "zod";
import { isSessionDays, isTimeOfDay, isTimeZone } from "../runtime/session-hours.ts";
import {
  COMMON_PROFILE_SHAPE,
  connectsSchema,
  DAY_MS,
  MAX_SYMBOLS,
  messageSpacingSchema,
  SYMBOLS_SHAPE,
  spanMs,
} from "./common-profile-schema.ts";
import { FIELD, unknownPlaceholder } from "./fix-fields.ts";

const MAX_FIELDS = 64;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 100_000;
const MAX_DEPTH = 10_000;
const MAX_HEARTBEAT_S = 3600;
const MAX_WORDS = 64;

const tag = z.int().min(1).max(999_999);

const plainFieldSchema = z
  .string()
  .regex(FIELD, { error: "Must be a field: tag=value, of printable ASCII" })
  .describe("A field as FIX writes it: 263=1");

const fieldSchema = plainFieldSchema.refine((text) => unknownPlaceholder(text) === "", {
  error: "Must use known placeholders only: {id} {depth} {symbolCount} {symbol} {symbol.base} {symbol.terms}",
});

const requestSchema = z
  .array(
    z.union([fieldSchema, z.strictObject({ $each: z.array(fieldSchema).min(1).max(MAX_FIELDS) })], {
      error: "Must be a field, tag=value, or { $each: [fields] }",
    }),
  )
  .min(1)
  .max(MAX_FIELDS);

/** The currency market's week: it opens and closes at 17:00 in New York. */
const FX_WEEK = { start: "17:00", end: "17:00", timeZone: "America/New_York", days: "Sun-Fri" };

/** What LPs write when they let nobody in by these names. */
const REFUSED_WORDS = ["password", "credential", "authenticat", "compid", "unknown session", "not authorized"];

const hoursSchema = z
  .strictObject({
    start: z.string().refine(isTimeOfDay, { error: "Must be HH:MM or HH:MM:SS" }).default(FX_WEEK.start),
    end: z.string().refine(isTimeOfDay, { error: "Must be HH:MM or HH:MM:SS" }).default(FX_WEEK.end),
    timeZone: z
      .string()
      .refine(isTimeZone, { error: "Must be a time zone of the IANA data base" })
      .default(FX_WEEK.timeZone),
    days: z.string().refine(isSessionDays, { error: "Must be Sun-Fri, Mon,Tue,Wed or all" }).default(FX_WEEK.days),
  })
  .prefault({})
  .describe("When the session is open");

const logonSchema = z
  .strictObject({
    reset: z
      .enum(["logon", "daily", "weekly", "never"])
      .default("logon")
      .describe("When ResetSeqNumFlag (141) = Y is sent; default of _RESET"),
    needs: z
      .array(z.enum(["username", "password"]))
      .default([])
      .describe("What a feed must have to be let in"),
    fields: z.array(plainFieldSchema).max(MAX_FIELDS).default([]).describe("Extra fields of the Logon, in order"),
    signature: z
      .strictObject({ algorithm: z.literal("ed25519"), tags: z.array(tag).min(1).max(16) })
      .nullable()
      .default(null)
      .describe("RawData (96) signs the values of these header tags joined by SOH; _PASSWORD is the private key then"),
    refusedWords: z
      .array(z.string().min(3).max(100))
      .max(MAX_WORDS)
      .default(REFUSED_WORDS)
      .describe("Words in the Text (58) of a refusal that mean wrong credentials or comp ids, in any case"),
  })
  .prefault({});

const marketDataSchema = z
  .strictObject({
    symbolTag: z
      .union([z.literal(55), z.literal(48)])
      .default(55)
      .describe("48 where instruments go by SecurityID"),
    requestIdTag: z
      .union([z.literal(262), z.literal(131), z.literal(117)])
      .optional()
      .describe("Which tag of an answer holds the id of our request; 262, of quote streams 131"),
    time: z
      .enum(["sendingTime", "transactTime", "entry"])
      .default("sendingTime")
      .describe("The venue's stamp: 52, 60, or 272 and 273 of an entry; 52 where the other is absent"),
    levelTag: z
      .union([z.literal(0), z.literal(1023), z.literal(290)])
      .default(0)
      .describe("0: levels have no number"),
    hasRptSeq: z.boolean().default(false).describe("RptSeq (83) counts per symbol, and its gaps are gaps"),
    quoteKey: z
      .enum(["symbol", "entryId"])
      .default("symbol")
      .describe(
        "What a new Quote or MassQuote entry replaces: the symbol's one quote, or that of its QuoteEntryID (299)",
      ),
  })
  .prefault({});

const bookSchema = z
  .strictObject({
    key: z
      .enum(["id", "price", "level"])
      .default("id")
      .describe("How entries are told apart: MDEntryID (278) else side and price; side and price; the level's number"),
    oneQuotePerSide: z
      .enum(["never", "top", "always"])
      .default("never")
      .describe("When a New or Change replaces the one quote of its side: `top`, when _DEPTH is 1"),
    entriesMax: z.int().min(1).max(MAX_ENTRIES).default(MAX_DEPTH).describe("Entries of one symbol and side at most"),
    crossed: z
      .enum(["distrust", "count"])
      .default("distrust")
      .describe(
        "A bid above an offer. `distrust`: the book is wrong and asked for anew; `count`: its makers may disagree, so it is quoted",
      ),
  })
  .prefault({});

const limitsSchema = z
  .strictObject({
    symbolsPerRequest: z.int().min(1).max(MAX_SYMBOLS).default(1).describe("Symbols one request names at most"),
    messageSpacingMs: messageSpacingSchema,
    connects: connectsSchema,
    maxMessageBytes: z.int().min(1024).max(MAX_MESSAGE_BYTES).default(65_536).describe("Longest message taken, bytes"),
    deadAfterMs: z
      .int()
      .min(0)
      .max(DAY_MS)
      .default(0)
      .describe("No message for this long: the connection is half-open, ms; never less than 3 heartbeats"),
    staleAfterMs: z
      .int()
      .min(0)
      .max(DAY_MS)
      .default(0)
      .describe("No data and no heartbeat for this long: the feed is stale, ms; never less than 2 heartbeats and 5 s"),
    depth: rangeSchema(0, MAX_DEPTH).describe("What _DEPTH may be"),
    heartbeatS: rangeSchema(1, MAX_HEARTBEAT_S).describe("What _HEARTBEAT_S may be, s"),
  })
  .prefault({});

/** The shape of the profile of a FIX venue: the one home of its names, defaults and limits. */
export const fixProfileSchema = z.strictObject({
  ...COMMON_PROFILE_SHAPE,
  transport: z.literal("fix"),
  beginString: z.literal("FIX.4.4").default("FIX.4.4").describe("BeginString (8)"),
  tls: z.enum(["optional", "required"]).default("optional").describe("`required`: the venue takes TLS only"),
  symbols: z.strictObject({
    ...SYMBOLS_SHAPE,
    map: z
      .record(z.string().min(1).max(64), z.string().regex(/^[\x21-\x7e]{1,64}$/, { error: "Must be printable ASCII" }))
      .default({})
      .describe(
        "Name on the wire of configured symbols; others are written as configured. The pattern is for the wire",
      ),
  }),
  hours: hoursSchema,
  logon: logonSchema,
  stream: z
    .enum(["market-data", "quote"])
    .default("market-data")
    .describe("`market-data`: V is answered by W, X, Y; `quote`: R is answered by S, i, Z, AI"),
  requests: z
    .enum(["many", "one"])
    .default("many")
    .describe("`one`: a new request ends the one before it, so one names all symbols; needs limits.symbolsPerRequest"),
  subscribe: requestSchema.describe("Fields of the request that subscribes"),
  unsubscribe: requestSchema
    .nullable()
    .optional()
    .describe("Fields of the request that unsubscribes; absent: those of subscribe with 263=2; null: there is none"),
  marketData: marketDataSchema,
  book: bookSchema,
  limits: limitsSchema,
  subscribeTimeoutMs: spanMs("How long the first answer to a request may take, ms").default(10_000),
  maxClockSkewMs: z
    .int()
    .min(0)
    .max(DAY_MS)
    .default(120_000)
    .describe("SendingTime (52) may differ from our clock by this much, ms; 0 = not checked"),
});

/** The profile of a FIX venue, read and checked, defaults filled in. */
export type FixProfile = z.output<typeof fixProfileSchema>;

/** A least and a greatest number, both within. */
function rangeSchema(min: number, max: number) {
  const number = z.int().min(min).max(max);
  return z
    .strictObject({ min: number.default(min), max: number.default(max) })
    .refine((range) => range.min <= range.max, { error: "Must have min <= max" })
    .prefault({});
}
