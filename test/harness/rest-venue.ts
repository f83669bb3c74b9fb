import { findRestProfileProblems } from "../../src/venues/rest/rest-profile-checks.ts";
import { type RestProfile, restProfileSchema } from "../../src/venues/rest/rest-profile-schema.ts";

/** Time-out of the plain venue's polls, ms: like no other time in use, so that a test can tell its timer from others. */
export const PLAIN_TIMEOUT_MS = 517;

/**
 * A plain REST venue, so that a test reads like the wire: `GET /quotes?symbols=A,B` is answered with
 * `[{"s":"A","b":"1","B":"2","a":"3","A":"4","t":1700000000000}]`, an unknown symbol with 400 and `{"error":"…"}`.
 */
const PLAIN = {
  name: "plain",
  description: "A plain REST venue",
  transport: "rest",
  url: "http://127.0.0.1:1",
  symbols: { default: ["A", "B"] },
  request: { path: "/quotes", query: { symbols: "{symbols}" }, symbolsPerRequest: 10 },
  polling: { intervalMs: 1000, timeoutMs: PLAIN_TIMEOUT_MS },
  budget: { windows: [{ weight: 100_000, windowMs: 1000 }], blockMs: 2000 },
  answers: [
    {
      kind: "quote",
      quote: {
        symbol: "*.s",
        bid: { price: "*.b", size: { path: "*.B", optional: true } },
        ask: { price: "*.a", size: { path: "*.A", optional: true } },
        time: { path: "*.t", format: "ms", optional: true },
      },
    },
    { kind: "refusal", status: [400], reason: ["error"] },
  ],
};

/** The plain profile with some of its parts replaced, each as a whole. */
export function plainRestProfile(changes: Readonly<Record<string, unknown>> = {}): RestProfile {
  const profile = restProfileSchema.parse({ ...PLAIN, ...changes });
  const problems = findRestProfileProblems(profile);
  if (problems.length > 0) throw new Error(problems.join("; "));
  return profile;
}
