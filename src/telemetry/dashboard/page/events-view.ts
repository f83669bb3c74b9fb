import { countText } from "../../board-text.ts";
import type { EventRow } from "../protocol.ts";
import { arrange, byId, type Column, create, createRow, fillHead, setText } from "./dom.ts";
import { timeText } from "./figures.ts";
import type { Model } from "./model.ts";

/** Rows in the table. */
const ROWS_MAX = 200;

const COLUMNS: readonly Column[] = [
  { title: "Time, UTC", kind: "text", from: "phone" },
  { title: "Source", kind: "text", from: "tablet" },
  { title: "Kind", kind: "text", from: "tablet" },
  { title: "What", kind: "text", from: "phone" },
];

/** What has happened, newest first. */
export class EventsView {
  readonly #body = create("tbody");
  readonly #kind = byId<HTMLSelectElement>("event-kind");
  /** An event never changes: its row is made once. */
  #rows = new Map<EventRow, HTMLTableRowElement>();
  #drawn: readonly EventRow[] | null = null;
  #model: Model | null = null;

  constructor() {
    const table = byId<HTMLTableElement>("event-table");
    fillHead(table, COLUMNS);
    table.append(this.#body);
    this.#kind.addEventListener("change", () => {
      this.#drawn = null;
      if (this.#model !== null) this.draw(this.#model);
    });
  }

  draw(model: Model): void {
    this.#model = model;
    if (model.events === this.#drawn) return;
    this.#drawn = model.events;
    const kind = this.#kind.value;
    const wanted = model.events.filter((event) => kind === "" || event.kind === kind);
    const shown = wanted.slice(0, ROWS_MAX);
    this.#rows = new Map(shown.map((event) => [event, this.#rows.get(event) ?? eventRow(event)]));
    arrange(this.#body, [...this.#rows.values()]);
    const left = model.eventsLeftOut === 0 ? "" : `, ${countText(model.eventsLeftOut)} came too fast to be shown`;
    setText(byId("events-note"), wanted.length === 0 ? "none" : `${countText(shown.length)} newest${left}`);
  }
}

function eventRow(event: EventRow): HTMLTableRowElement {
  const { row, cells } = createRow(COLUMNS, 0);
  row.dataset["tone"] = event.tone;
  row.dataset["kind"] = event.kind;
  cells[0].textContent = timeText(event.timeMs);
  cells[1].textContent = event.source;
  cells[2].textContent = event.kind;
  cells[2].classList.add("kind");
  cells[3].classList.add("wrap");
  cells[3].append(create("small", "phone-only kind", `${event.source} ${event.kind}`), event.text);
  if (event.bytes !== "") cells[3].append(create("code", "", event.bytes));
  return row;
}
