import { ageText, bytesText, countText } from "../../board-text.ts";
import type { Board, LaneRow, SpoolRow, Tone } from "../protocol.ts";
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
import { drainText, faultText, NONE, spanText } from "./figures.ts";

const COLUMNS: readonly Column[] = [
  { title: "Topic", kind: "text", from: "phone" },
  { title: "Part.", kind: "figure", from: "phone" },
  { title: "State", kind: "text", from: "phone" },
  { title: "Waiting", kind: "figure", from: "tablet", hint: "batches in memory, and their bytes" },
  { title: "Spooled", kind: "figure", from: "phone", hint: "records on the disk alone, and their bytes" },
  { title: "Last ack", kind: "figure", from: "phone" },
  { title: "Retries", kind: "figure", from: "tablet" },
];

/** One line of the list. */
interface Fact {
  readonly value: HTMLElement;
  readonly name: HTMLElement;
}

/** Where the records go: the sink, the disk behind it, and every lane. */
export class SinkView {
  readonly #body = create("tbody");
  readonly #rows = new Map<string, CellRow>();
  readonly #facts = new Map<string, Fact>();
  readonly #bars = { memory: createBar(), disk: createBar() };

  constructor() {
    const table = byId<HTMLTableElement>("lane-table");
    fillHead(table, COLUMNS);
    table.append(this.#body);
    for (const name of ["Sink", "Memory", "Spool", "Backlog", "Drain", "Lost on disk"]) this.#addFact(name);
    this.#facts.get("Memory")?.value.append(create("span"), this.#bars.memory.outer);
    this.#facts.get("Spool")?.value.append(create("span"), this.#bars.disk.outer);
  }

  draw(board: Board): void {
    const { sink, memory, spool, lanes, lanesLeftOut } = board;
    this.#tell("Sink", sink.trouble === "" ? sink.kind : `${sink.kind}: ${sink.trouble}`, sink.tone);
    this.#tell("Memory", `${bytesText(memory.usedBytes)} of ${bytesText(memory.limitBytes)}`, "");
    fillBar(this.#bars.memory.inner, memory.usedBytes / memory.limitBytes);
    this.#drawSpool(spool);
    const wanted: HTMLElement[] = [];
    for (const lane of lanes) {
      const key = `${lane.topic}/${lane.partition}`;
      const row = this.#rows.get(key) ?? createRow(COLUMNS, 0);
      this.#rows.set(key, row);
      fillLane(row, lane);
      wanted.push(row.row);
    }
    arrange(this.#body, wanted);
    const none = lanes.length === 0 ? "No lanes: the partitions are not known yet" : "";
    setText(byId("lanes-note"), lanesLeftOut === 0 ? none : `The busiest; ${countText(lanesLeftOut)} more lanes`);
  }

  #drawSpool(spool: SpoolRow | null): void {
    const only = ["Backlog", "Drain", "Lost on disk"];
    for (const name of only) this.#show(name, spool !== null);
    setHidden(this.#bars.disk.outer, spool === null);
    if (spool === null) {
      this.#tell("Spool", "none: what waits is in memory alone", "off");
      return;
    }
    const { usedBytes, limitBytes, unreadRecords, unreadBytes, oldestAgeMs } = spool;
    const state = spool.state === "ok" ? "ok" : `${spool.state}${spool.trouble === "" ? "" : `: ${spool.trouble}`}`;
    this.#tell(
      "Spool",
      `${state}, ${bytesText(usedBytes)} of ${bytesText(limitBytes)}`,
      spool.state === "ok" ? "" : spool.tone,
    );
    fillBar(this.#bars.disk.inner, usedBytes / limitBytes);
    const backlog = `${countText(unreadRecords)} records, ${bytesText(unreadBytes)}, oldest ${spanText(oldestAgeMs)}`;
    this.#tell("Backlog", unreadRecords === 0 ? "none" : backlog, unreadRecords === 0 ? "" : "warn");
    this.#tell("Drain", drainText(spool), "");
    this.#tell("Lost on disk", faultText(spool.lostRecords), spool.lostRecords === 0 ? "" : "bad");
  }

  #addFact(title: string): void {
    const name = create("dt", "", title);
    const value = create("dd");
    byId("sink-list").append(name, value);
    this.#facts.set(title, { name, value });
  }

  #tell(title: string, text: string, tone: Tone | ""): void {
    const fact = this.#facts.get(title);
    if (fact === undefined) return;
    setText(fact.value.querySelector("span") ?? fact.value, text);
    setData(fact.value, "tone", tone);
  }

  #show(title: string, isShown: boolean): void {
    const fact = this.#facts.get(title);
    if (fact === undefined) return;
    setHidden(fact.name, !isShown);
    setHidden(fact.value, !isShown);
  }
}

function fillLane({ row, cells }: CellRow, lane: LaneRow): void {
  const texts = [
    lane.topic,
    lane.partition < 0 ? NONE : String(lane.partition),
    lane.isInFlight ? `${lane.state}, in flight` : lane.state,
    lane.waitingBatches === 0 ? NONE : `${countText(lane.waitingBatches)} · ${bytesText(lane.waitingBytes)}`,
    lane.spooledRecords === 0 ? NONE : `${countText(lane.spooledRecords)} · ${bytesText(lane.spooledBytes)}`,
    ageText(lane.lastAckAgeMs ?? 0, lane.lastAckAgeMs === null ? null : 0).replace(/^-$/, NONE),
    faultText(lane.retries),
  ];
  for (const [at, text] of texts.entries()) setText(cells[at], text);
  setData(cells[2], "tone", lane.state === "direct" ? "" : "warn");
  setData(row, "lane", `${lane.topic}/${lane.partition}`);
}

function createBar(): { outer: HTMLElement; inner: HTMLElement } {
  const outer = create("span", "bar");
  const inner = create("span");
  outer.append(inner);
  // The figures stand beside it in words.
  outer.setAttribute("aria-hidden", "true");
  return { outer, inner };
}

function fillBar(inner: HTMLElement, share: number): void {
  const width = `${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}%`;
  if (inner.style.width !== width) inner.style.width = width;
}
