import { expect } from "bun:test";
import type { FixSimulator } from "../../../src/simulator/fix/fix-simulator.ts";
import type { IngesterRig } from "../../harness/ingester-rig.ts";
import { waitUntil } from "../../harness/wait-until.ts";

/** How long one fault may take to be seen, and how long to be over, ms. */
const FAULT_LIMIT_MS = 10_000;
/** Quotes of a feed that must be acked after a fault before it counts as well again. */
const QUOTES_AFTER = 20;

/** What /status tells of one connection. */
export interface ConnectionView {
  readonly state: string;
  readonly attempts: number;
  readonly retryInMs: number | null;
  readonly lastError: { readonly code: string; readonly message: string } | null;
}

/** The feed that is made to fail over FIX, as the program's own pages and its LP tell of it. */
export class FaultyFeed {
  readonly #rig: IngesterRig;
  readonly #name: string;

  constructor(rig: IngesterRig, name: string) {
    this.#rig = rig;
    this.#name = name;
  }

  get lp(): FixSimulator {
    return this.#rig.lp(this.#name);
  }

  /** One counter of this feed. */
  async count(metric: string): Promise<number> {
    return (await this.#rig.metrics()).sum(metric, { source: this.#name });
  }

  /** Messages of this MsgType (35) that the LP was sent, and that contain these words where any are given. */
  sent(msgType: string, words = ""): string[] {
    return this.lp.requests
      .map(({ text }) => `|${text}`)
      .filter((text) => text.includes(`|35=${msgType}|`) && text.includes(words));
  }

  /** Resolves when the LP has been sent `count` messages of this MsgType (35). */
  async untilSent(msgType: string, count: number, words = ""): Promise<void> {
    const isSent = () => this.sent(msgType, words).length >= count;
    await waitUntil(isSent, { limitMs: FAULT_LIMIT_MS, what: `${count} messages ${msgType} ${words}` });
  }

  /** Resolves when a counter has grown by `more`, and no further. */
  async untilMore(metric: string, before: number, more = 1): Promise<void> {
    await waitUntil(async () => (await this.count(metric)) >= before + more, {
      limitMs: FAULT_LIMIT_MS,
      what: `${metric} of ${before + more}`,
    });
    expect({ metric, value: await this.count(metric) }).toEqual({ metric, value: before + more });
  }

  /** Resolves when the feed is live and some more of its quotes are acked. */
  async untilLive(): Promise<void> {
    const { lp } = this;
    const source = this.#name;
    const acked = await this.count("ingester_quotes_acked_total");
    // Quotes of before may be acked late, so the count alone says nothing: the session must be the one that serves.
    await this.#rig.untilMetrics(
      `quotes of ${source} again`,
      (now) =>
        now.sum("ingester_quotes_acked_total", { source }) >= acked + QUOTES_AFTER &&
        now.sum("ingester_feed_state", { source, state: "live" }) === 1 &&
        lp.stats().sessionsOpen > 0,
      FAULT_LIMIT_MS,
    );
  }

  /** Resolves when the feed is in this state. */
  async untilState(state: string, limitMs = FAULT_LIMIT_MS): Promise<void> {
    const labels = { source: this.#name, state };
    const isSo = async () => (await this.#rig.metrics()).sum("ingester_feed_state", labels) === 1;
    await waitUntil(isSo, { limitMs, what: `feed ${state}` });
  }

  /** Does something that the session survives: no connection of the feed ends by it. */
  async survive(fault: () => void | Promise<void>): Promise<void> {
    const ended = await this.count("market_data_raw_disconnections_total");
    await fault();
    await this.untilLive();
    expect(await this.count("market_data_raw_disconnections_total")).toBe(ended);
  }

  /** Does something that ends the session, and resolves when the next one serves. */
  async loseSession(fault: () => void | Promise<void>): Promise<void> {
    const ended = await this.count("market_data_raw_disconnections_total");
    await fault();
    await waitUntil(async () => (await this.count("market_data_raw_disconnections_total")) > ended, {
      limitMs: FAULT_LIMIT_MS,
      what: "end of the session",
    });
    await this.untilLive();
  }

  /** What /status tells of the feed's connection. */
  async connection(): Promise<ConnectionView> {
    const status = JSON.parse((await this.#rig.page("/status")).text);
    const feed = status.feeds.find(({ name }: { name: string }) => name === this.#name);
    return feed.connections[0];
  }

  /** Codes of the ends of this feed's sessions, as the events tell. */
  async endCodes(): Promise<string[]> {
    const events = await this.#rig.events(this.#name);
    return events
      .filter(({ payload }) => payload["to"] === "backing-off")
      .map(({ payload }) => String(payload["code"]));
  }
}
