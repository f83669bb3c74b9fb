import { IngestError } from "../../domain/ingest-error.ts";
import type { UsageReport } from "../../runtime/request-budget.ts";
import type { BudgetWindow } from "../../runtime/request-window.ts";
import type {
  AnswerDecoder,
  AnswerDecoderParts,
  CompiledRestVenue,
  PollingRules,
  PollQuestion,
  PollRequest,
} from "../compiled-rest-venue.ts";
import type { SequenceRule, VenueLimits } from "../compiled-venue.ts";
import { findSymbolProblems } from "../profile-checks.ts";
import { RestAnswerDecoder } from "./answer-decoder.ts";
import { type AnswerPlan, compileAnswers } from "./answer-plan.ts";
import { namesIn, renderHeaders, renderPath, renderQuery, symbolsNamedIn } from "./request-template.ts";
import type { RestProfile } from "./rest-profile-schema.ts";
import { readUsage } from "./usage-headers.ts";

/** Answers that may fail in a row before the feed must count as stale, or dead. */
const STALE_POLLS = 2;
const DEAD_POLLS = 4;

/** What a feed's own configuration changes of a profile. */
export interface RestVenueOptions {
  /** Another address, `http://` or `https://`, to put in front of the profile's path. */
  readonly urlOverride?: string;
  readonly pollIntervalMs?: number;
  readonly timeoutMs?: number;
  readonly maxBodyBytes?: number;
}

/**
 * Compiles a checked profile into all the adapter needs. Call once per feed: the venue remembers the names it found out.
 * @throws IngestError `config_invalid` when `urlOverride` is no HTTP URL
 */
export function compileRestVenue(profile: RestProfile, options: RestVenueOptions = {}): CompiledRestVenue {
  return new ProfiledRestVenue(profile, options);
}

class ProfiledRestVenue implements CompiledRestVenue {
  readonly name: string;
  readonly description: string;
  readonly transport = "rest";
  readonly target: string;
  readonly host: string;
  readonly limits: VenueLimits;
  readonly sequence: SequenceRule;
  readonly polling: PollingRules;
  readonly windows: readonly BudgetWindow[];
  readonly isPerSymbol: boolean;
  readonly needsAccount: boolean;
  readonly needsToken: boolean;
  readonly hasEtag: boolean;
  readonly #profile: RestProfile;
  readonly #plan: AnswerPlan;
  readonly #baseUrl: string;
  readonly #learned = new Map<string, string>();

  constructor(profile: RestProfile, options: RestVenueOptions) {
    const { request, polling, budget, sequence } = profile;
    const base = checkUrl(options.urlOverride ?? profile.url);
    const texts = [request.path, ...Object.values(request.query), ...Object.values(request.headers)];
    const names = texts.flatMap(namesIn);
    this.name = profile.name;
    this.description = profile.description;
    this.#profile = profile;
    this.#plan = compileAnswers(profile);
    this.#baseUrl = `${base.origin}${base.pathname.replace(/\/+$/, "")}`;
    this.target = `${this.#baseUrl}${request.path}`;
    this.host = base.host;
    this.polling = {
      intervalMs: options.pollIntervalMs ?? polling.intervalMs,
      timeoutMs: options.timeoutMs ?? polling.timeoutMs,
      maxBodyBytes: options.maxBodyBytes ?? polling.maxBodyBytes,
      inFlightMax: polling.inFlight,
    };
    this.limits = limitsOf(profile, this.polling);
    this.sequence = { ...sequence, resetValue: null, onGap: "continue" };
    this.windows = budget.windows.map(({ weight, windowMs }) => ({ weight, windowMs }));
    this.isPerSymbol = symbolsNamedIn(texts) !== "none";
    this.needsAccount = names.includes("account");
    this.needsToken = names.includes("token");
    this.hasEtag = request.etag;
  }

  costOf(symbolCount: number): number {
    const { costs } = this.#profile.budget;
    const cost = costs.find(({ symbolsMax }) => symbolsMax === undefined || symbolCount <= symbolsMax);
    return cost?.weight ?? costs[costs.length - 1].weight;
  }

  createDecoder(parts: AnswerDecoderParts): AnswerDecoder {
    const symbols = parts.instruments.map(({ symbol }) => symbol);
    const problems = findSymbolProblems(this.#profile, symbols);
    if (problems.length > 0) throw badConfig(`Cannot use the symbols: ${problems.join("; ")}`);
    const { blockMs } = this.#profile.budget;
    return new RestAnswerDecoder({ plan: this.#plan, learned: this.#learned, blockMs }, parts);
  }

  request(question: PollQuestion): PollRequest {
    const { path, query, headers } = this.#profile.request;
    const { etag } = question;
    return {
      url: `${this.#baseUrl}${renderPath(path, question)}${renderQuery(query, question)}`,
      headers: { ...renderHeaders(headers, question), ...(etag === null ? {} : { "If-None-Match": etag }) },
    };
  }

  readUsage(header: (name: string) => string | null, wallMs: number): UsageReport[] {
    const reports: UsageReport[] = [];
    for (const [index, { usage }] of this.#profile.budget.windows.entries()) {
      const report = usage === undefined ? null : readUsage(usage, this.windows[index], { header, wallMs });
      if (report !== null) reports.push(report);
    }
    return reports;
  }
}

/** A longer interval needs more patience: silence between two polls is none. */
function limitsOf(
  { limits, request }: RestProfile,
  { intervalMs, timeoutMs, maxBodyBytes }: PollingRules,
): VenueLimits {
  return {
    symbolsPerConnection: limits.symbolsPerConnection,
    symbolsPerRequest: request.symbolsPerRequest,
    messageSpacingMs: 0,
    connects: limits.connects,
    maxMessageBytes: maxBodyBytes,
    maxSessionMs: limits.maxSessionMs,
    deadAfterMs: Math.max(limits.deadAfterMs, DEAD_POLLS * (intervalMs + timeoutMs)),
    staleAfterMs: Math.max(limits.staleAfterMs, STALE_POLLS * intervalMs + timeoutMs),
  };
}

function checkUrl(text: string): URL {
  const url = URL.parse(text);
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url !== null && isHttp && url.username === "" && url.search === "" && url.hash === "") return url;
  throw badConfig("Cannot use the URL of the feed as it must be http:// or https://, without user, query and fragment");
}

function badConfig(message: string): IngestError {
  return new IngestError(message, { code: "config_invalid", retry: "never" });
}
