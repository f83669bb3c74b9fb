import type { UsageReport } from "../../runtime/request-budget.ts";
import type { BudgetWindow } from "../../runtime/request-window.ts";
import type { RestProfile } from "./rest-profile-schema.ts";

type UsageHeaders = NonNullable<RestProfile["budget"]["windows"][number]["usage"]>;

/** The headers of one answer, and when it came. */
export interface AnswerHeaders {
  /** A header by name; null when absent. */
  readonly header: (name: string) => string | null;
  /** Wall clock, ms since the epoch: the venue's times are taken to agree with it. */
  readonly wallMs: number;
}

/** What the headers of an answer say of one window; null when they say nothing that can be used. */
export function readUsage(usage: UsageHeaders, window: BudgetWindow, answer: AnswerHeaders): UsageReport | null {
  const limit = countIn(usage.limit, answer) ?? window.weight;
  const remaining = countIn(usage.remaining, answer);
  const used = remaining === null ? countIn(usage.used, answer) : Math.max(0, limit - remaining);
  if (used === null || limit === 0) return null;
  return { window, used, limit, resetsInMs: resetIn(usage, answer) };
}

/** ms until the window ends; null when it is not said, or is past: Bybit sends its own time while there is something left. */
function resetIn({ resetAt }: UsageHeaders, answer: AnswerHeaders): number | null {
  if (resetAt === undefined) return null;
  const at = countIn(resetAt.header, answer);
  if (at === null) return null;
  const inMs = (resetAt.format === "s" ? at * 1000 : at) - answer.wallMs;
  return inMs > 0 ? inMs : null;
}

/** A header that is a whole number; null when it is not there or is something else. */
function countIn(name: string | undefined, { header }: AnswerHeaders): number | null {
  const text = name === undefined ? null : header(name);
  return text !== null && /^\d{1,15}$/.test(text.trim()) ? Number(text) : null;
}
