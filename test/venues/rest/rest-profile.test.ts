import { describe, expect, test } from "bun:test";
import { findRestProfileProblems } from "../../../src/venues/rest/rest-profile-checks.ts";
import { restProfileSchema } from "../../../src/venues/rest/rest-profile-schema.ts";
import { plainRestProfile } from "../../harness/rest-venue.ts";

const PLAIN = plainRestProfile();
const QUOTE = PLAIN.answers[0];
const REQUEST = PLAIN.request;

/** What is wrong with the plain profile once some parts are replaced: of its shape, else of what fits together. */
function problemsOf(changes: Readonly<Record<string, unknown>>): string[] {
  const parsed = restProfileSchema.safeParse({ ...PLAIN, ...changes });
  if (!parsed.success) return parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  return findRestProfileProblems(parsed.data);
}

function quoteWith(changes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (QUOTE.kind !== "quote") throw new Error("The first rule is for quotes");
  return { answers: [{ ...QUOTE, quote: { ...QUOTE.quote, ...changes } }] };
}

describe("REST profiles", () => {
  test("a short one is given its defaults", () => {
    const { polling, limits, sequence, budget, request } = restProfileSchema.parse({
      name: "x",
      description: "x",
      transport: "rest",
      url: "https://x.example",
      symbols: { default: ["A"] },
      request: { path: "/{symbol}" },
      budget: { windows: [{ weight: 1, windowMs: 1000 }] },
      answers: [{ kind: "quote", quote: { symbol: { from: "request" }, bid: { price: "b" }, ask: { price: "a" } } }],
    });
    expect(polling).toEqual({ intervalMs: 1000, timeoutMs: 5000, maxBodyBytes: 2_097_152, inFlight: 4 });
    expect(limits).toMatchObject({ symbolsPerConnection: 1000, staleAfterMs: 15_000, deadAfterMs: 30_000 });
    expect(sequence).toEqual({ kind: "none", isEqualDuplicate: false });
    expect(budget).toMatchObject({ costs: [{ weight: 1 }], blockMs: 60_000 });
    expect(request).toMatchObject({ symbolsPerRequest: 1, etag: false, query: {}, headers: {} });
  });

  test.each([
    ["nothing", {}, []],
    ["an unknown name", { polls: 1 }, [': Unrecognized key: "polls"']],
    ["a ws URL", { url: "wss://x" }, ["url: Must be an http:// or https:// URL without query and fragment"]],
    [
      "a user in the URL",
      { url: "https://me:secret@x.example" },
      ["url: must not hold a user: a token goes into headers"],
    ],
    ["a bad pattern", { symbols: { default: ["A"], pattern: "(" } }, [expect.stringContaining("symbols.pattern: ")]],
    [
      "{symbol} for many",
      { request: { ...REQUEST, query: { s: "{symbol}" } } },
      [expect.stringContaining("request: {symbol} needs symbolsPerRequest 1")],
    ],
    [
      "no symbol for many",
      { request: { ...REQUEST, query: {} } },
      [expect.stringContaining("request.symbolsPerRequest: is of no use")],
    ],
    [
      "{since} from nowhere",
      { request: { ...REQUEST, query: { s: "{symbols}", x: "{since}" } } },
      [expect.stringContaining("request.since: ")],
    ],
    ["since for nothing", { request: { ...REQUEST, since: "t" } }, [expect.stringContaining("request.since: ")]],
    [
      "a token in the query",
      { request: { ...REQUEST, query: { s: "{symbols}", t: "{token}" } } },
      [expect.stringContaining("{token} is not one of")],
    ],
    [
      "two windows alike",
      {
        budget: {
          windows: [
            { weight: 1, windowMs: 1 },
            { weight: 1, windowMs: 1 },
          ],
        },
      },
      ["budget.windows: two are the same"],
    ],
    [
      "a last cost with a bound",
      { budget: { ...PLAIN.budget, costs: [{ symbolsMax: 1, weight: 1 }] } },
      ["budget.costs: the last must be for any number of symbols"],
    ],
    [
      "usage of nothing",
      { budget: { windows: [{ weight: 1, windowMs: 1, usage: { limit: "X" } }] } },
      [expect.stringContaining("Must have either used or remaining")],
    ],
    ["no quotes", { answers: [PLAIN.answers[1]] }, ["answers: must have a rule of kind quote"]],
    [
      "a symbol from the request of many",
      quoteWith({ symbol: { from: "request" } }),
      ["request: must name {symbol}, as quotes do not name theirs"],
    ],
    [
      "a key of no list",
      quoteWith({ symbol: { from: "key" }, bid: { price: "b" }, ask: { price: "a" }, time: undefined }),
      ["answers.0.quote.symbol: there is no key without * in the paths"],
    ],
    [
      "two lists",
      quoteWith({ bid: { price: "x.*.b" } }),
      [expect.stringContaining("all * of a quote must stand for the same list")],
    ],
    [
      "a filter in a quote",
      quoteWith({ bid: { price: "*.[a=b].c" } }),
      [expect.stringContaining("[key=value] is for reason only")],
    ],
    [
      "numbers without their path",
      { sequence: { kind: "increasing" } },
      ["answers.0.quote.sequence: is needed for sequence.kind increasing"],
    ],
    [
      "contiguous numbers",
      { sequence: { kind: "contiguous" } },
      ["sequence.kind: Must be none or increasing: polls skip numbers"],
    ],
    [
      "a rule of no kind",
      { answers: [QUOTE, { kind: "ack", when: {} }] },
      [expect.stringContaining("Must be quote, refusal, rateLimit, unavailable or fatal")],
    ],
  ])("with %s", (_, changes, problems) => {
    expect(problemsOf(changes)).toEqual(problems as string[]);
  });
});
