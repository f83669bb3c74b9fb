import type { Adapter } from "../../src/adapters/adapter.ts";
import { RestAdapter } from "../../src/adapters/rest/rest-adapter.ts";
import { RequestBudget } from "../../src/runtime/request-budget.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { compileRestVenue } from "../../src/venues/rest/compile-rest-venue.ts";
import { FakeRestServer, type RestAnswer, type RestRequest } from "../harness/fake-rest-server.ts";
import { plainRestProfile } from "../harness/rest-venue.ts";
import { type ConformancePeer, describeAdapterConformance, REFUSED_SYMBOL } from "./adapter-conformance.ts";

/** Polls come this fast, ms: a case must not wait for them. */
const INTERVAL_MS = 2;
/** Quotes in one answer of a flood. */
const FLOOD_QUOTES = 500;

/**
 * A venue that keeps everything it ever said: each answer holds what came after the point the request names, one quote at a
 * time, and the point to go on from. So nothing is lost between two polls, however often a request is given up.
 */
class RestPeer implements ConformancePeer {
  readonly adapter: Adapter;
  readonly opensWhilePaused = false;
  readonly #server = new FakeRestServer();
  readonly #asked = new Map<string, number>();
  /** Quotes as JSON. */
  readonly #said: string[] = [];
  #garbage = 0;
  #flooding: string | null = null;
  #floodPrice = 0;
  #isHolding = false;
  #isDropping = false;

  constructor() {
    this.#server.onRequest = (request) => this.#answer(request);
    const profile = plainRestProfile({
      request: {
        path: "/quotes",
        query: { symbols: "{symbols}", since: "{since}" },
        symbolsPerRequest: 10,
        since: "next",
      },
      polling: { intervalMs: INTERVAL_MS, timeoutMs: 10_000 },
      answers: [
        {
          kind: "quote",
          quote: {
            symbol: "quotes.*.s",
            bid: { price: "quotes.*.b" },
            ask: { price: "quotes.*.a" },
            zeroPriceIsEmpty: false,
          },
          missing: "unchanged",
        },
        { kind: "refusal", status: [400], reason: ["error"] },
      ],
    });
    this.adapter = new RestAdapter({
      venue: compileRestVenue(profile, { urlOverride: this.#server.url }),
      budget: new RequestBudget(new SystemClock()),
      userAgent: "test",
    });
  }

  get openConnections(): number {
    return this.#server.openRequests;
  }

  subscriptions(symbol: string): number {
    return this.#asked.get(symbol) ?? 0;
  }

  quote(symbol: string, bidPrice: string, askPrice: string): void {
    this.#said.push(`{"s":"${symbol}","b":"${bidPrice}","a":"${askPrice}"}`);
  }

  /** An answer without news, as every poll has that finds nothing new. */
  heartbeat(): void {}

  garbage(): void {
    this.#garbage++;
  }

  flood(symbol: string): void {
    this.#flooding = symbol;
  }

  freeze(): void {
    this.#isHolding = true;
  }

  drop(): void {
    this.#isDropping = true;
    this.#server.drop();
  }

  holdHandshakes(): void {
    this.#isHolding = true;
  }

  stop(): void {
    this.#server.stop();
  }

  /** Like the strictest venues: one bad symbol refuses the whole request, and the answer does not say which it was. */
  #answer({ query }: RestRequest): RestAnswer {
    if (this.#isHolding) return { kind: "hold" };
    if (this.#isDropping) return { kind: "reset" };
    if (this.#garbage > 0) {
      this.#garbage--;
      return { kind: "answer", body: '{"this":"is not it"' };
    }
    const symbols = query.get("symbols")?.split(",") ?? [];
    if (symbols.includes(REFUSED_SYMBOL)) return { kind: "answer", status: 400, body: '{"error":"invalid symbol"}' };
    const since = query.get("since");
    if (since === null) for (const symbol of symbols) this.#asked.set(symbol, this.subscriptions(symbol) + 1);
    const from = Number(since ?? 0);
    const quotes = this.#flooding === null ? this.#said.slice(from, from + 1) : this.#torrent(this.#flooding);
    return { kind: "answer", body: `{"next":${from + Math.min(1, quotes.length)},"quotes":[${quotes.join()}]}` };
  }

  #torrent(symbol: string): string[] {
    return Array.from(
      { length: FLOOD_QUOTES },
      () => `{"s":"${symbol}","b":"${++this.#floodPrice}","a":"25.36520000"}`,
    );
  }
}

describeAdapterConformance("REST", () => new RestPeer());
