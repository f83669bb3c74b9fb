import type { FeedEvent, RejectedMessage } from "../../domain/feed-event.ts";
import { sanitizeText } from "../sanitize-text.ts";
import { BYTES_KEPT_MAX, bytesText, CHARS_SHOWN_MAX } from "./bytes-text.ts";
import { eventText } from "./event-text.ts";
import type { EventRow } from "./protocol.ts";

/** Changes of state and losses that are kept. */
export const CHANGES_MAX = 300;
/** Gaps, silences and rejects that are kept: of their own, so that a flood of them does not wash away the rest. */
export const NOTES_MAX = 200;

const CHANGES: ReadonlySet<EventRow["kind"]> = new Set(["state", "drop", "sink", "spool"]);

/** Cleans texts of what a venue may have written into them, and of every secret. */
export type Redact = (text: string) => string;

/** An event as it is kept: its text is made when it is read, as most never are. */
type Entry =
  | { readonly id: number; readonly event: FeedEvent }
  | { readonly id: number; readonly rejected: RejectedMessage; readonly bytesLength: number }
  | { readonly id: number; readonly row: EventRow };

/** The newest events, bounded in number and, for rejects, in bytes. */
export class EventLog {
  readonly #changes: Entry[] = [];
  readonly #notes: Entry[] = [];
  #lastId = 0;

  /** The number of the newest event; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  noteEvent(event: FeedEvent): void {
    const isChange = event.type === "market-data.feed-status" || event.type === "market-data.dropped";
    this.#keep({ id: ++this.#lastId, event }, isChange);
  }

  /** @param rejected its bytes are borrowed: what is kept is copied */
  noteRejected(rejected: RejectedMessage): void {
    const bytes = rejected.bytes.slice(0, BYTES_KEPT_MAX);
    const entry = { id: ++this.#lastId, rejected: { ...rejected, bytes }, bytesLength: rejected.bytes.length };
    this.#keep(entry, false);
  }

  /** Something that is no feed's: the sink, the spool. */
  note(row: Omit<EventRow, "id" | "bytes">): void {
    const id = ++this.#lastId;
    this.#keep({ id, row: { ...row, id, bytes: "" } }, CHANGES.has(row.kind));
  }

  /** Up to `limit` of the newest events after number `id`, oldest first. */
  since(id: number, limit: number, redact: Redact): EventRow[] {
    const entries = [...after(this.#changes, id), ...after(this.#notes, id)].sort((a, b) => a.id - b.id);
    return entries.slice(-limit).map((entry) => entryRow(entry, redact));
  }

  #keep(entry: Entry, isChange: boolean): void {
    const ring = isChange ? this.#changes : this.#notes;
    ring.push(entry);
    if (ring.length > (isChange ? CHANGES_MAX : NOTES_MAX)) ring.shift();
  }
}

/** Entries stand in the order of their numbers: looked through from the end, as mostly none or few are new. */
function after(ring: readonly Entry[], id: number): readonly Entry[] {
  let from = ring.length;
  while (from > 0 && ring[from - 1].id > id) from--;
  return ring.slice(from);
}

function entryRow(entry: Entry, redact: Redact): EventRow {
  const clean = (text: string) => sanitizeText(redact(text));
  if ("row" in entry) return { ...entry.row, text: clean(entry.row.text) };
  if ("event" in entry) {
    const { event } = entry;
    const { tone, kind, text } = eventText(event);
    return {
      id: entry.id,
      timeMs: event.timeUs / 1000,
      tone,
      kind,
      source: event.source,
      text: clean(text),
      bytes: "",
    };
  }
  const { rejected, bytesLength } = entry;
  return {
    id: entry.id,
    timeMs: rejected.timeUs / 1000,
    tone: "warn",
    kind: "reject",
    source: rejected.source,
    text: clean(`${rejected.reason}, ${bytesLength} bytes`),
    bytes: cut(redact(bytesText(rejected.bytes)), bytesLength > rejected.bytes.length),
  };
}

/** Cut after it was redacted, never before. */
function cut(text: string, isPart: boolean): string {
  return text.length <= CHARS_SHOWN_MAX && !isPart ? text : `${text.slice(0, CHARS_SHOWN_MAX)} …`;
}
