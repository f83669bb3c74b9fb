import { z } from "zod";
import { MAX_ARRAY_INDEX } from "./path-trie.ts";
import { findAnswerProblem, findTemplateProblem } from "./templates.ts";

/*
 * The small words a profile is written in: paths, conditions, templates, symbols.
 */

/** Stands for every element of an array in a path. */
export const EACH = "*";

/** A segment that picks the elements of an array by a member: `[name=ticker]`. Control messages only. */
export const FILTER_SEGMENT = /^\[([^\]=]+)=([^\]]+)\]$/;

const PATH = /^[^.\s]+(\.[^.\s]+)*$/;
const TOO_HIGH_INDEX = new RegExp(`(^|\\.)([${MAX_ARRAY_INDEX}-9]|[1-9][0-9]+)(\\.|$)`);

/** A place in a message: keys and array indexes joined by dots, for instance `data.bids.0.0`. */
export const pathSchema = z
  .string()
  .max(200)
  .regex(PATH, { error: "Must be a path: keys and array indexes joined by dots" })
  .refine((path) => !TOO_HIGH_INDEX.test(path), { error: `Must not use an array index above ${MAX_ARRAY_INDEX - 1}` })
  .describe("Keys and array indexes joined by dots; * stands for each element of an array");

const fieldObjectSchema = z.strictObject({
  path: pathSchema,
  optional: z.boolean().default(false).describe("A message without it is no fault"),
});

/** A path, or a path that may be missing: read as an object either way. */
export const fieldSchema = z
  .union([pathSchema.transform((path) => ({ path, optional: false })), fieldObjectSchema], {
    error: "Must be a path or { path, optional }",
  })
  .describe("A path, or { path, optional }");

/** See {@link fieldSchema}. */
export type Field = z.output<typeof fieldSchema>;

const symbolTemplate = z
  .string()
  .max(200)
  .refine((template) => /\{symbol(\.lower|\.upper)?\}/.test(template), { error: "Must hold {symbol}" })
  .refine((template) => findTemplateProblem(template) === "", { error: "Must use known placeholders only" });

/** Where a symbol stands, and how the venue writes it there: `"s"` or `{ path, template: "order_book_{symbol.lower}" }`. */
export const symbolPathSchema = z
  .union(
    [
      pathSchema.transform((path) => ({ path, template: "{symbol}" })),
      z.strictObject({ path: pathSchema, template: symbolTemplate.default("{symbol}") }),
    ],
    { error: "Must be a path or { path, template }" },
  )
  .describe("A path, or { path, template } where the venue writes the symbol within other text");

/** See {@link symbolPathSchema}. */
export type SymbolPath = z.output<typeof symbolPathSchema>;

const literalSchema = z.union([z.string().max(256), z.number(), z.boolean(), z.null()]);

/** A value a condition compares with. */
export type Literal = z.output<typeof literalSchema>;

/** What a value may be asked to be. `present` is anything but absent. */
export const VALUE_KINDS = ["absent", "present", "null", "boolean", "number", "string", "object", "array"] as const;

const testSchema = z
  .strictObject({
    is: z.enum(VALUE_KINDS).optional(),
    oneOf: z.array(literalSchema).min(1).max(32).optional(),
    startsWith: z.string().min(1).max(256).optional(),
    endsWith: z.string().min(1).max(256).optional(),
    contains: z.string().min(1).max(256).optional(),
  })
  .refine((test) => Object.keys(test).length > 0, { error: "Must test something" });

/** A literal to be equal to, or tests that must all hold. */
const conditionSchema = z.union([literalSchema, testSchema], {
  error: "Must be a value to equal, or tests out of is, oneOf, startsWith, endsWith, contains",
});

/** See {@link conditionSchema}. */
export type Condition = z.output<typeof conditionSchema>;

/** Conditions on places of a message; all must hold. */
export const conditionsSchema = z
  .record(pathSchema, conditionSchema)
  .refine((conditions) => !Object.keys(conditions).some((path) => path.split(".").includes(EACH)), {
    error: "Must not use * in a condition",
  });

/** See {@link conditionsSchema}. */
export type Conditions = z.output<typeof conditionsSchema>;

/** A message to the venue as JSON with placeholders; see `templates.ts`. */
export const templateSchema = z.json().superRefine((template, context) => {
  const problem = findTemplateProblem(template);
  if (problem !== "") context.addIssue({ code: "custom", message: problem });
});

/** An answer to a message of the venue as JSON, with `{value}` where it repeats a part of that message. */
export const answerSchema = z.json().superRefine((template, context) => {
  const problem = findAnswerProblem(template);
  if (problem !== "") context.addIssue({ code: "custom", message: problem });
});
