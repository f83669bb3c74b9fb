import uPlot from "uplot";
import { rateText } from "../../board-text.ts";
import type { HistoryColumn } from "../protocol.ts";
import { byId, create, setHidden, setText } from "./dom.ts";
import { latencyText } from "./figures.ts";
import { HISTORY_SECONDS, type Model } from "./model.ts";
import { colour } from "./theme.ts";

/** One line of a plot. */
interface Line {
  readonly column: HistoryColumn;
  readonly title: string;
  /** Which colour of the style. */
  readonly key: "a" | "b" | "c";
  /** Dashed lines are p99: told apart without the colour too. */
  readonly isDashed: boolean;
}

/** One plot of the page. */
interface Shape {
  readonly id: "rate" | "latency";
  readonly lines: readonly Line[];
  readonly text: (value: number) => string;
  readonly scale: uPlot.Scale;
  /** Where lines lie across; where the plot thinks best when absent. */
  readonly splits?: (plot: uPlot, axis: number, min: number, max: number) => number[];
}

const RATE: Shape = {
  id: "rate",
  text: (value) => rateText(value),
  scale: { range: (_plot, _min, max) => [0, Math.max(10, (max ?? 0) * 1.1)] },
  lines: [
    { column: "accepted", title: "accepted", key: "a", isDashed: false },
    { column: "acked", title: "acked", key: "b", isDashed: true },
  ],
};
const LATENCY: Shape = {
  id: "latency",
  text: (value) => latencyText(value),
  scale: { distr: 3, range: (_plot, min, max) => [decadeBelow(min), decadeAbove(max)] },
  splits: (_plot, _axis, min, max) => decades(min, max),
  lines: [
    { column: "venueP50Ms", title: "venue→edge p50", key: "a", isDashed: false },
    { column: "venueP99Ms", title: "p99", key: "a", isDashed: true },
    { column: "ackP50Ms", title: "edge→ack p50", key: "c", isDashed: false },
    { column: "ackP99Ms", title: "p99", key: "c", isDashed: true },
  ],
};
/** A process that is younger shows what it has, and this much room. */
const SPAN_MIN_SECONDS = 120;
/** With so many seconds and no value there will be none. */
const SURE_AFTER_SECONDS = 5;
const DASH = [5, 4];
const FONT = "11px system-ui, sans-serif";

/** One plot with its legend, which shows the values under the cursor, or the newest. */
class Plot {
  readonly #shape: Shape;
  readonly #box: HTMLElement;
  readonly #plot: uPlot;
  readonly #values: HTMLElement[] = [];
  readonly #entries: HTMLElement[] = [];
  readonly #none = create("span", "", "not measured: the venue sends no times");

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#box = byId(`${shape.id}-plot`);
    this.#plot = new uPlot(
      options(shape, () => this.#tell()),
      [[]],
      this.#box,
    );
    for (const { title, key, isDashed } of shape.lines) {
      const entry = create("span", `key-${key}${isDashed ? " p99" : ""}`);
      const value = create("b");
      entry.append(create("i"), `${title} `, value);
      byId(`${shape.id}-legend`).append(entry);
      this.#values.push(value);
      this.#entries.push(entry);
    }
    this.#none.hidden = true;
    byId(`${shape.id}-legend`).append(this.#none);
    new ResizeObserver(() => this.#resize()).observe(this.#box);
  }

  draw({ history, board }: Model): void {
    const lastTime = history.times.at(-1) ?? (board?.nowMs ?? 0) / 1000;
    const isMeasured = this.#shape.lines.map(({ column }) => history[column].some((value) => value !== null));
    for (const [i, entry] of this.#entries.entries()) setHidden(entry, !isMeasured[i]);
    setHidden(this.#none, history.times.length < SURE_AFTER_SECONDS || isMeasured.includes(true));
    this.#plot.setData([history.times, ...this.#shape.lines.map(({ column }) => history[column])], false);
    const firstTime = Math.min(history.times[0] ?? lastTime, lastTime - SPAN_MIN_SECONDS);
    this.#plot.setScale("x", { min: Math.max(firstTime, lastTime - HISTORY_SECONDS), max: lastTime });
    this.#tell();
  }

  /** Draws again with the colours of now. */
  repaint(): void {
    this.#plot.redraw(false, true);
  }

  #tell(): void {
    // The first call comes while the plot is being made.
    if (this.#values.length === 0) return;
    const { text, lines } = this.#shape;
    const { cursor, data } = this.#plot;
    const at = cursor.idx ?? data[0].length - 1;
    const told = lines.map((_line, i) => {
      const value = data[i + 1]?.[at];
      return value === null || value === undefined ? "–" : text(value);
    });
    for (const [i, value] of told.entries()) setText(this.#values[i], value);
    if (cursor.idx !== null && cursor.idx !== undefined) return;
    const label = `${this.#shape.id === "rate" ? "Quotes per second" : "Latency"}, now: ${lines.map(({ title }, i) => `${title} ${told[i]}`).join(", ")}`;
    if (this.#box.getAttribute("aria-label") !== label) this.#box.setAttribute("aria-label", label);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#box;
    if (width > 0 && (width !== this.#plot.width || height !== this.#plot.height))
      this.#plot.setSize({ width, height });
  }
}

/** The two plots, and the choice of what they show. */
export class PlotsView {
  readonly #plots = [new Plot(RATE), new Plot(LATENCY)];
  readonly #choice = byId<HTMLSelectElement>("plot-feed");
  #drawnMs = -1;

  /** @param onChoose told of the feed to plot; null: all together */
  constructor(onChoose: (feed: string | null) => void) {
    this.#choice.addEventListener("change", () => onChoose(this.#choice.value === "" ? null : this.#choice.value));
  }

  /** Draws when there is a new second to be seen. */
  draw(model: Model): void {
    this.#offer(model);
    const lastMs = (model.history.times.at(-1) ?? 0) * 1000 + model.history.times.length;
    if (lastMs === this.#drawnMs) return;
    this.#drawnMs = lastMs;
    for (const plot of this.#plots) plot.draw(model);
  }

  /** The theme has changed. */
  repaint(): void {
    for (const plot of this.#plots) plot.repaint();
  }

  #offer({ board, plotFeed }: Model): void {
    const names = board?.feeds.filter(({ state }) => state !== "disabled").map(({ name }) => name) ?? [];
    const offered = [...this.#choice.options].slice(1).map(({ value }) => value);
    if (names.join("\n") !== offered.join("\n")) {
      this.#choice.replaceChildren(new Option("all feeds", ""), ...names.map((name) => new Option(name, name)));
    }
    if (this.#choice.value !== (plotFeed ?? "")) this.#choice.value = plotFeed ?? "";
  }
}

function options({ lines, text, scale, splits }: Shape, onCursor: () => void): uPlot.Options {
  const axis = {
    stroke: () => colour("muted"),
    font: FONT,
    grid: { stroke: () => colour("line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: 300,
    height: 190,
    legend: { show: false },
    cursor: { sync: { key: "time" }, drag: { x: false, y: false }, points: { size: 6 } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { x: { time: true }, y: scale },
    axes: [
      { ...axis, space: 66, size: 30, gap: 8, values: (_plot, splits) => splits.map(clockText) },
      {
        ...axis,
        size: 62,
        gap: 4,
        space: 24,
        ...(splits === undefined ? {} : { splits }),
        values: (_plot, splits) => splits.map((value) => axisText(value, text)),
      },
    ],
    series: [
      {},
      ...lines.map(({ key, isDashed }) => ({
        stroke: () => colour(`plot-${key}`),
        width: 1.5,
        points: { show: false },
        ...(isDashed ? { dash: DASH } : {}),
      })),
    ],
    hooks: { setCursor: [onCursor] },
  };
}

/** A round number needs no digits behind the point. */
function axisText(value: number | null, text: (value: number) => string): string {
  return value === null
    ? ""
    : text(value)
        .replace(/(\.\d*?)0+( |$)/, "$1$2")
        .replace(/\.( |$)/, "$1");
}

/** `14:03`, or `14:03:30` between minutes; in UTC. */
function clockText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, seconds % 60 === 0 ? 16 : 19);
}

function decades(min: number, max: number): number[] {
  const first = Math.round(Math.log10(min));
  const length = Math.round(Math.log10(max)) - first + 1;
  return Array.from({ length }, (_, i) => 10 ** (first + i));
}

function decadeBelow(value: number | null): number {
  return value === null || !(value > 0) ? 0.1 : 10 ** Math.floor(Math.log10(value));
}

function decadeAbove(value: number | null): number {
  return value === null || !(value > 0) ? 100 : 10 ** Math.ceil(Math.log10(value * 1.0001));
}
