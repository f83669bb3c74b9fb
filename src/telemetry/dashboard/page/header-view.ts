import { bytesText, countText, durationText, rateText } from "../../board-text.ts";
import type { Board } from "../protocol.ts";
import { byId, create, setData, setHidden, setText } from "./dom.ts";
import { latencyText, shareText, spanText } from "./figures.ts";
import type { LinkStatus } from "./link.ts";
import type { Model } from "./model.ts";

/** A connection that says nothing for so long is told of, ms. */
const QUIET_AFTER_MS = 2000;

/** One figure of the strip. */
interface Total {
  readonly title: string;
  readonly text: (board: Board) => string;
  /** Whether it wants attention. */
  readonly isBad?: (board: Board) => boolean;
}

const TOTALS: readonly Total[] = [
  {
    title: "Feeds live",
    text: ({ feeds }) => liveText(feeds),
    isBad: ({ feeds }) => feeds.some(({ tone }) => tone === "bad"),
  },
  { title: "Quotes/s", text: ({ totals }) => rateText(totals.quotesPerSecond) },
  { title: "Acked/s", text: ({ totals }) => rateText(totals.ackedPerSecond) },
  { title: "Venue → edge p50", text: ({ totals }) => latencyText(totals.venueP50Ms) },
  { title: "Venue → edge p99", text: ({ totals }) => latencyText(totals.venueP99Ms) },
  { title: "Edge → ack p50", text: ({ totals }) => latencyText(totals.ackP50Ms) },
  { title: "Edge → ack p99", text: ({ totals }) => latencyText(totals.ackP99Ms) },
  { title: "Event loop lag p99", text: ({ process }) => latencyText(process.loopLagP99Ms) },
  { title: "Accepted", text: ({ totals }) => countText(totals.accepted) },
  { title: "Acked", text: ({ totals }) => countText(totals.acked) },
  { title: "In memory", text: ({ totals }) => countText(totals.inMemory) },
  { title: "On the spool", text: ({ totals }) => countText(totals.onSpool) },
  { title: "Dropped", text: ({ totals }) => countText(totals.dropped), isBad: ({ totals }) => totals.dropped > 0 },
  {
    title: "Ledger",
    text: ({ totals }) => (totals.imbalance === 0 ? "balances" : `off by ${countText(totals.imbalance)}`),
    isBad: ({ totals }) => totals.imbalance !== 0,
  },
  { title: "CPU, of one core", text: ({ process }) => shareText(process.cpuShare) },
  { title: "Memory", text: ({ process }) => bytesText(process.residentBytes) },
];

/** The header with the state of the connection, the banner of an outage, the strip of totals and the footer. */
export class HeaderView {
  readonly #values: HTMLElement[] = [];

  constructor() {
    for (const { title } of TOTALS) {
      const pair = create("div");
      const value = create("dd", "", "–");
      pair.append(create("dt", "", title), value);
      byId("total-list").append(pair);
      this.#values.push(value);
    }
  }

  /** Everything but the connection. */
  draw({ board, product }: Model): void {
    if (board === null || product === null) return;
    const { phase, uptimeMs, viewers, nowMs } = board;
    const life = phase === "running" ? "" : ` · ${phase}`;
    setText(byId("product"), `${product.instanceId} · ${product.version} · up ${durationText(uptimeMs)}${life}`);
    for (const [at, { text, isBad }] of TOTALS.entries()) {
      setText(this.#values[at], text(board));
      setData(this.#values[at], "tone", isBad?.(board) ? "bad" : "");
    }
    const time = new Date(nowMs).toISOString();
    const skipped =
      viewers.skippedUpdates === 0 ? "" : ` · ${countText(viewers.skippedUpdates)} updates skipped for slow viewers`;
    setText(
      byId("footer"),
      `${time.slice(0, 10)} ${time.slice(11, 19)} UTC by the server's clock · commit ${product.commit} · Bun ${product.bunVersion} · ${viewers.now} of ${viewers.max} viewers${skipped}`,
    );
  }

  /** The title of the tab, which counts the feeds in trouble: also for who looks at another tab. */
  drawTitle({ board, product }: Model): void {
    if (board === null || product === null) return;
    const bad = board.feeds.filter(({ tone }) => tone === "bad").length;
    const title = `${bad === 0 ? "" : `✕ ${bad} · `}${product.instanceId} – edge-ingester`;
    if (document.title !== title) document.title = title;
  }

  /** The state of the connection; also while nothing comes. */
  drawLink({ isUp, silentMs, retryInMs }: LinkStatus, isPaused: boolean): void {
    const isQuiet = isUp && (silentMs ?? 0) > QUIET_AFTER_MS;
    const isFirst = silentMs === null;
    const link = byId("link");
    setText(
      link,
      isPaused ? "Paused" : isUp ? (isQuiet ? "Waiting" : "Live") : isFirst ? "Connecting" : "Disconnected",
    );
    setData(link, "tone", isPaused || isQuiet || (isFirst && !isUp) ? "warn" : isUp ? "good" : "bad");
    const isOut = !isUp && (!isFirst || retryInMs !== null);
    const outage = byId("outage");
    setHidden(outage, !isOut);
    document.body.classList.toggle("is-cut-off", !isUp && !isFirst);
    if (!isOut) return;
    const next = retryInMs === null ? "trying now" : `next try in ${Math.ceil(retryInMs / 1000)} s`;
    const age = isFirst ? "no data yet" : `what you see is ${spanText(Math.floor((silentMs ?? 0) / 1000) * 1000)} old`;
    setText(outage, `No connection to the ingester: ${age}, ${next}`);
  }
}

/** `8 of 9`; feeds that are meant to be off do not count. */
function liveText(feeds: Board["feeds"]): string {
  const wanted = feeds.filter(({ tone }) => tone !== "off");
  return `${wanted.filter(({ tone }) => tone === "good").length} of ${wanted.length}`;
}
