import type { RequestBudget } from "../../runtime/request-budget.ts";
import type { CompiledRestVenue } from "../../venues/compiled-rest-venue.ts";
import type { Adapter, Session, SessionContext } from "../adapter.ts";
import { TokenStore } from "../token-store.ts";
import { RestSession } from "./rest-session.ts";

/** How a REST venue is polled. */
export interface RestAdapterOptions {
  readonly venue: CompiledRestVenue;
  /** One for the whole process: what a venue allows one address is shared by all who ask it. */
  readonly budget: RequestBudget;
  /** What the requests of this program call themselves: venues turn away who does not say. */
  readonly userAgent: string;
  /** The account the profile's `{account}` stands for; null: none. */
  readonly account?: string | null;
  /** Reveals the token the profile's `{token}` stands for, each time a request is made; null: none. */
  readonly token?: () => string | null;
  /** Reads the token's file anew, once when the venue refuses the token; absent or null: it came from no file. */
  readonly rereadToken?: (() => Promise<string | null>) | null;
  /** True: also quotes that are the same as the last one are published. */
  readonly publishUnchanged?: boolean;
  /** What counts as stale for this feed, ms; absent: as the venue says. After that long, quotes are published anew. */
  readonly staleAfterMs?: number;
  /** PEM of the authorities to trust instead of the system's. */
  readonly caPem?: string;
}

/** Runs sessions of polls over HTTP, on Bun's own fetch. What the venue speaks is all in its {@link CompiledRestVenue}. */
export class RestAdapter implements Adapter {
  readonly transport = "rest";
  readonly target: string;
  readonly #options: RestAdapterOptions;
  readonly #token: TokenStore;

  constructor(options: RestAdapterOptions) {
    const { venue, budget } = options;
    this.#options = options;
    this.#token = new TokenStore(options.token ?? noToken, options.rereadToken ?? null);
    this.target = venue.target;
    budget.declare(venue.host, venue.windows);
  }

  startSession(context: SessionContext): Session {
    const { venue, budget, userAgent, account, publishUnchanged, staleAfterMs, caPem } = this.#options;
    return new RestSession(context, {
      venue,
      budget,
      userAgent,
      account: account ?? null,
      token: this.#token,
      publishUnchanged: publishUnchanged ?? false,
      staleAfterMs: staleAfterMs ?? venue.limits.staleAfterMs,
      caPem: caPem ?? null,
    });
  }
}

function noToken(): null {
  return null;
}
