import { ageText, countText } from "../../board-text.ts";
import { arrange, byId, type CellRow, type Column, create, createRow, fillHead, setText } from "./dom.ts";
import { NONE } from "./figures.ts";
import type { Instrument, Model } from "./model.ts";
import { findInstruments } from "./search.ts";

/** Rows in the table; a search finds the others. */
const ROWS_MAX = 200;

const COLUMNS: readonly Column[] = [
  { title: "Source", kind: "text", from: "tablet" },
  { title: "Symbol", kind: "text", from: "phone" },
  { title: "Bid size", kind: "figure", from: "tablet" },
  { title: "Bid", kind: "figure", from: "phone" },
  { title: "Ask", kind: "figure", from: "phone" },
  { title: "Ask size", kind: "figure", from: "tablet" },
  { title: "Age", kind: "figure", from: "phone" },
];

/** The newest quote of each instrument, as the venue wrote it, with a search. */
export class QuotesView {
  readonly #body = create("tbody");
  readonly #rows = new Map<Instrument, CellRow>();
  readonly #search = byId<HTMLInputElement>("search");
  #model: Model | null = null;

  constructor() {
    const table = byId<HTMLTableElement>("quote-table");
    fillHead(table, COLUMNS);
    table.append(this.#body);
    this.#search.addEventListener("input", () => this.#redraw());
    this.#search.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#search.value = "";
      this.#redraw();
    });
  }

  draw(model: Model): void {
    this.#model = model;
    const { instruments, instrumentsLeftOut, board } = model;
    const { shown, leftOut } = findInstruments(instruments.values(), this.#search.value, ROWS_MAX);
    const kept = new Set(shown);
    for (const instrument of this.#rows.keys()) if (!kept.has(instrument)) this.#rows.delete(instrument);
    for (const instrument of shown) fill(this.#rowOf(instrument), instrument, board?.nowMs ?? 0);
    arrange(
      this.#body,
      shown.map((instrument) => this.#rowOf(instrument).row),
    );
    const hidden = leftOut + instrumentsLeftOut;
    const more = hidden === 0 ? "" : `, ${countText(hidden)} more: narrow the search`;
    setText(
      byId("quotes-note"),
      `${countText(shown.length)} of ${countText(instruments.size + instrumentsLeftOut)}${more}`,
    );
  }

  /** Brings the cursor into the search. */
  focusSearch(): void {
    this.#search.focus();
    this.#search.select();
  }

  #redraw(): void {
    if (this.#model !== null) this.draw(this.#model);
  }

  #rowOf(instrument: Instrument): CellRow {
    let row = this.#rows.get(instrument);
    if (row === undefined) {
      row = createRow(COLUMNS, 1);
      row.cells[1].classList.add("symbol");
      row.cells[3].classList.add("price");
      row.cells[4].classList.add("price");
      setText(row.cells[0], instrument.source);
      row.cells[1].append(instrument.symbol, create("small", "phone-only", instrument.source));
      this.#rows.set(instrument, row);
    }
    return row;
  }
}

function fill({ cells }: CellRow, { quote }: Instrument, nowMs: number): void {
  setText(cells[2], quote?.[3] ?? NONE);
  setText(cells[3], quote?.[2] ?? NONE);
  setText(cells[4], quote?.[4] ?? NONE);
  setText(cells[5], quote?.[5] ?? NONE);
  setText(cells[6], quote === null ? NONE : ageText(nowMs, quote[6]));
}
