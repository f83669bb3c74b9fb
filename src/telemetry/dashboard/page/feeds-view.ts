import { ageText, countText, rateText } from "../../board-text.ts";
import type { Board, FeedRow } from "../protocol.ts";
import {
  arrange,
  byId,
  type CellRow,
  type Column,
  create,
  createRow,
  fillHead,
  setData,
  setHidden,
  setText,
} from "./dom.ts";
import { fillDetail } from "./feed-detail.ts";
import { faultText, latencyText, stateWord, troubleText } from "./figures.ts";

const COLUMNS: readonly Column[] = [
  { title: "Feed", kind: "text", from: "phone" },
  { title: "State", kind: "text", from: "phone" },
  { title: "Symbols", kind: "figure", from: "tablet", hint: "subscribed and quoting, of all configured" },
  { title: "Quotes/s", kind: "figure", from: "phone" },
  { title: "Last quote", kind: "figure", from: "phone", hint: "how long ago" },
  { title: "p50", kind: "figure", from: "tablet", hint: "venue to edge, over the last five seconds" },
  { title: "p99", kind: "figure", from: "phone", hint: "venue to edge, over the last five seconds" },
  { title: "Quotes", kind: "figure", from: "desk" },
  { title: "Gaps", kind: "figure", from: "tablet" },
  { title: "Rejects", kind: "figure", from: "tablet" },
  { title: "Reconnects", kind: "figure", from: "tablet" },
  { title: "Next try and why", kind: "text", from: "desk" },
];
const STATE_AT = 1;
const FAULTS_AT: readonly number[] = [8, 9, 10];
const WHY_AT = 11;

/** All that stands in the table for one feed. */
interface FeedRows extends CellRow {
  readonly button: HTMLButtonElement;
  /** On narrow screens the reason has a line of its own. */
  readonly why: HTMLTableRowElement;
  readonly detail: HTMLTableRowElement;
}

/** The board of feeds; a feed opens to its connections, and its history is plotted then. */
export class FeedsView {
  readonly #body = create("tbody");
  readonly #rows = new Map<string, FeedRows>();
  readonly #onChoose: (feed: string | null) => void;
  #chosen: string | null = null;
  #board: Board | null = null;
  #badBefore = new Set<string>();

  /** @param onChoose told of the feed that is open now; null: none */
  constructor(onChoose: (feed: string | null) => void) {
    this.#onChoose = onChoose;
    const table = byId<HTMLTableElement>("feed-table");
    fillHead(table, COLUMNS);
    table.append(this.#body);
    this.#body.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Opens a feed, and closes the one that was open; null closes. */
  choose(feed: string | null): void {
    this.#chosen = feed;
    if (this.#board !== null) this.draw(this.#board);
  }

  draw(board: Board): void {
    this.#board = board;
    const { feeds, feedsLeftOut } = board;
    const wanted: HTMLElement[] = [];
    for (const feed of feeds) {
      const rows = this.#rows.get(feed.name) ?? this.#create(feed);
      this.#fill(rows, feed);
      wanted.push(rows.row, rows.why, rows.detail);
    }
    arrange(this.#body, wanted);
    const count = (tone: string) => feeds.filter((feed) => feed.tone === tone).length;
    const more = feedsLeftOut === 0 ? "" : `, ${feedsLeftOut} more not shown`;
    setText(byId("feeds-note"), `${count("good")} live, ${count("bad")} in trouble, ${feeds.length} in all${more}`);
    this.#announce(feeds);
  }

  /** For who does not see the red: only what changes is said. */
  #announce(feeds: readonly FeedRow[]): void {
    const bad = new Set(feeds.filter(({ tone }) => tone === "bad").map(({ name }) => name));
    const fell = feeds.filter(({ name }) => bad.has(name) && !this.#badBefore.has(name));
    const rose = [...this.#badBefore].filter((name) => !bad.has(name));
    this.#badBefore = bad;
    if (fell.length === 0 && rose.length === 0) return;
    const parts = [
      ...fell.map((feed) => `${feed.name} is ${stateWord(feed)}`),
      ...rose.map((name) => `${name} is no longer in trouble`),
    ];
    setText(byId("announce"), parts.join(", "));
  }

  #create(feed: FeedRow): FeedRows {
    const { row, cells } = createRow(COLUMNS, 0);
    const button = create("button", "feed-name", feed.name);
    button.type = "button";
    button.title = `${feed.venue}, ${feed.transport}`;
    button.addEventListener("click", () => {
      this.choose(this.#chosen === feed.name ? null : feed.name);
      this.#onChoose(this.#chosen);
    });
    cells[0].append(button);
    cells[STATE_AT].append(create("span", "state"));
    cells[WHY_AT].classList.add("wrap");
    const rows = { row, cells, button, why: wideRow("why"), detail: wideRow("detail") };
    this.#rows.set(feed.name, rows);
    return rows;
  }

  #fill({ row, cells, button, why, detail }: FeedRows, feed: FeedRow): void {
    const trouble = troubleText(feed);
    const texts = [
      `${feed.symbolsLive}/${feed.symbols}`,
      feed.state === "disabled" ? "–" : rateText(feed.quotesPerSecond),
      ageText(feed.lastQuoteAgeMs ?? 0, feed.lastQuoteAgeMs === null ? null : 0).replace(/^-$/, "–"),
      latencyText(feed.venueP50Ms),
      latencyText(feed.venueP99Ms),
      countText(feed.quotes),
      faultText(feed.gaps),
      faultText(feed.rejects),
      faultText(feed.reconnects),
      trouble,
    ];
    for (const [at, text] of texts.entries()) setText(cells[at + STATE_AT + 1], text);
    const state = cells[STATE_AT].firstElementChild;
    if (state !== null) setText(state, stateWord(feed));
    cells[WHY_AT].title = trouble;
    const faults = [feed.gaps, feed.rejects, feed.reconnects];
    for (const [at, column] of FAULTS_AT.entries()) cells[column].classList.toggle("fault", faults[at] > 0);
    setData(row, "tone", feed.tone);
    setData(row, "feed", feed.name);
    setData(why, "tone", feed.tone);
    setText(why.cells[0], trouble);
    setHidden(why, trouble === "");
    const isOpen = this.#chosen === feed.name;
    if (button.getAttribute("aria-expanded") !== String(isOpen)) button.setAttribute("aria-expanded", String(isOpen));
    setHidden(detail, !isOpen);
    if (isOpen) fillDetail(detail.cells[0], feed);
  }

  #onKey(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 || !(event.target instanceof HTMLButtonElement)) return;
    const buttons = [...this.#body.querySelectorAll<HTMLButtonElement>(".feed-name")];
    const next = buttons[buttons.indexOf(event.target) + step];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}

function wideRow(name: string): HTMLTableRowElement {
  const row = create("tr", name);
  const cell = create("td");
  cell.colSpan = COLUMNS.length;
  row.append(cell);
  row.hidden = true;
  return row;
}
