import type { FeedEvent, FeedStatusEvent, RejectedMessage } from "../../domain/feed-event.ts";
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
  | { readonly id: number; readonly event: FeedEvent; readonly times: number; readonly replaces: number }
  | { readonly id: number; readonly rejected: RejectedMessage; readonly bytesLength: number }
  | { readonly id: number; readonly row: EventRow };

/** The newest events, bounded in number and, for rejects, in bytes. */
export class EventLog {
  readonly #changes: Entry[] = [];
  readonly #notes: Entry[] = [];
  #lastId = 0;
  #markId = 0;
  /** Events after the mark that had to make room. */
  #crowdedOut = 0;

  /** Sets a mark, from which the next {@link since} may begin, and returns the one before. */
  mark(): number {
    const before = this.#markId;
    this.#markId = this.#lastId;
    return before;
  }

  /** A failure that is the one before over again takes its place: a venue that is gone for a day fills one line. */
  noteEvent(event: FeedEvent): void {
    const isChange = event.type === "market-data.feed-status" || event.type === "market-data.dropped";
    const at = event.type === "market-data.feed-status" ? this.#sameBefore(event) : -1;
    const before = at < 0 ? undefined : this.#changes.splice(at, 1)[0];
    const times = before !== undefined && "event" in before ? before.times + 1 : 1;
    this.#keep({ id: ++this.#lastId, event, times, replaces: before?.id ?? 0 }, isChange);
  }

  /** @param rejected its bytes are borrowed: what is kept is copied */
  noteRejected(rejected: RejectedMessage): void {
    // Not `slice`: that of a Buffer copies nothing.
    const bytes = new Uint8Array(rejected.bytes.subarray(0, BYTES_KEPT_MAX));
    const entry = { id: ++this.#lastId, rejected: { ...rejected, bytes }, bytesLength: rejected.bytes.length };
    this.#keep(entry, false);
  }

  /** Something that is no feed's: the sink, the spool. */
  note(row: Omit<EventRow, "id" | "bytes" | "replaces">): void {
    const id = ++this.#lastId;
    this.#keep({ id, row: { ...row, id, bytes: "", replaces: 0 } }, CHANGES.has(row.kind));
  }

  /** How many events after the last mark are kept no more; the count begins anew with each call. */
  takeCrowdedOut(): number {
    const count = this.#crowdedOut;
    this.#crowdedOut = 0;
    return count;
  }

  /** Up to `limit` of the newest events after number `id`, oldest first, and how many more there are. */
  since(id: number, limit: number, redact: Redact): { readonly rows: EventRow[]; readonly leftOut: number } {
    const entries = [...after(this.#changes, id), ...after(this.#notes, id)].sort((a, b) => a.id - b.id);
    const rows = entries.slice(-limit).map((entry) => entryRow(entry, redact));
    return { rows, leftOut: entries.length - rows.length };
  }

  #keep(entry: Entry, isChange: boolean): void {
    const ring = isChange ? this.#changes : this.#notes;
    ring.push(entry);
    if (ring.length <= (isChange ? CHANGES_MAX : NOTES_MAX)) return;
    const gone = ring.shift();
    if (gone !== undefined && gone.id > this.#markId) this.#crowdedOut++;
  }

  /** Where the last change of the same connection stands, when it said the same and nothing has changed since; else −1. */
  #sameBefore({ source, connection, from, to, code }: FeedStatusEvent): number {
    if (from !== to) return -1;
    const isOfConnection = (entry: Entry) =>
      "event" in entry &&
      entry.event.type === "market-data.feed-status" &&
      entry.event.source === source &&
      entry.event.connection === connection;
    const at = this.#changes.findLastIndex(isOfConnection);
    const entry = this.#changes[at];
    if (entry === undefined || !("event" in entry) || entry.event.type !== "market-data.feed-status") return -1;
    const { event } = entry;
    return event.from === from && event.to === to && event.code === code ? at : -1;
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
    const { event, times, replaces } = entry;
    const { tone, kind, text } = eventText(event);
    const often = times === 1 ? "" : ` (${times} times)`;
    return {
      id: entry.id,
      timeMs: event.timeUs / 1000,
      tone,
      kind,
      source: event.source,
      text: clean(text) + often,
      replaces,
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
    replaces: 0,
    bytes: cut(redact(bytesText(rejected.bytes)), bytesLength > rejected.bytes.length),
  };
}

/** Cut after it was redacted, never before. */
function cut(text: string, isPart: boolean): string {
  return text.length <= CHARS_SHOWN_MAX && !isPart ? text : `${text.slice(0, CHARS_SHOWN_MAX)} …`;
}
