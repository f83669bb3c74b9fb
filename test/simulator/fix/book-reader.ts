import type { FixField } from "../../../src/venues/compiled-fix-venue.ts";
import { type SeenMessage, textOf } from "./fix-client.ts";

/** One entry as its own fields. */
type Entry = ReadonlyMap<number, string>;

/** How a little reader finds the entry an increment is about. */
export type ReaderKey = "id" | "price" | "position" | "side";

/** One entry of a reader's book. */
export interface ReadLevel {
  readonly id: string;
  readonly price: string;
  readonly size: string | null;
}

/** A book kept in the plainest way, by somebody who knows nothing of the simulator: to check what it sends. */
export class BookReader {
  readonly #key: ReaderKey;
  readonly #sides: { "0": ReadLevel[]; "1": ReadLevel[] } = { "0": [], "1": [] };

  constructor(key: ReaderKey) {
    this.#key = key;
  }

  /** Best first. */
  get bids(): readonly ReadLevel[] {
    return this.#sorted("0");
  }

  get asks(): readonly ReadLevel[] {
    return this.#sorted("1");
  }

  /** Best prices and sizes; null where a side is empty. */
  top(): (string | null)[] {
    const [bid] = this.bids;
    const [ask] = this.asks;
    return [bid?.price ?? null, bid?.size ?? null, ask?.price ?? null, ask?.size ?? null];
  }

  /** @throws Error when the message cannot be applied */
  take(message: SeenMessage): void {
    if (message.msgType === "W") {
      this.#sides["0"] = [];
      this.#sides["1"] = [];
      for (const entry of entriesOf(message, 268, 269)) this.#put(entry);
    } else if (message.msgType === "X") {
      for (const entry of entriesOf(message, 268, 279)) this.#apply(entry);
    } else if (message.msgType === "i") {
      for (const entry of entriesOf(message, 295, 299)) this.#quote(entry, entry.get(299) ?? "");
    } else if (message.msgType === "S") this.#quote(new Map(message.fields), "only");
    else throw new Error(`Cannot read ${message.text}`);
  }

  #put(entry: Entry): void {
    const price = entry.get(270);
    if (price === undefined) {
      if (entry.get(346) !== "0") throw new Error("An entry without a price is no empty side");
      return;
    }
    this.#side(entry).push({ id: entry.get(278) ?? "", price, size: entry.get(271) ?? null });
  }

  #apply(entry: Entry): void {
    const action = entry.get(279);
    const levels = this.#side(entry);
    const at = this.#find(levels, entry);
    if (action === "0") {
      const position = this.#key === "position" ? Number(entry.get(290)) - 1 : levels.length;
      if (this.#key !== "position" && at >= 0) throw new Error("A New of an entry that is there");
      levels.splice(position, 0, {
        id: entry.get(278) ?? "",
        price: entry.get(270) ?? "",
        size: entry.get(271) ?? null,
      });
      return;
    }
    if (at < 0) throw new Error(`Action ${action} of an entry that is not there`);
    if (action === "2") levels.splice(at, 1);
    else {
      const { id, price, size } = levels[at];
      levels[at] = { id: entry.get(278) ?? id, price: entry.get(270) ?? price, size: entry.get(271) ?? size };
    }
  }

  #find(levels: readonly ReadLevel[], entry: Entry): number {
    if (this.#key === "side") return levels.length - 1;
    if (this.#key === "position") return levels.length >= Number(entry.get(290)) ? Number(entry.get(290)) - 1 : -1;
    if (this.#key === "price") return levels.findIndex(({ price }) => price === entry.get(270));
    return levels.findIndex(({ id }) => id === (entry.get(280) ?? entry.get(278)));
  }

  /** The side of an entry; a deletion by id may not name it. */
  #side(entry: Entry): ReadLevel[] {
    const type = entry.get(269);
    if (type === "0" || type === "1") return this.#sides[type];
    const isBid = this.#sides["0"].some(({ id }) => id === entry.get(278));
    return this.#sides[isBid ? "0" : "1"];
  }

  #quote(entry: Entry, id: string): void {
    for (const [side, priceTag, sizeTag] of [["0", 132, 134] as const, ["1", 133, 135] as const]) {
      const rest = this.#sides[side].filter((level) => level.id !== id);
      const price = entry.get(priceTag);
      if (price !== undefined) rest.push({ id, price, size: entry.get(sizeTag) ?? null });
      this.#sides[side] = rest;
    }
  }

  #sorted(side: "0" | "1"): ReadLevel[] {
    const levels = [...this.#sides[side]];
    if (this.#key === "position") return levels;
    return levels.sort((a, b) => (Number(a.price) - Number(b.price)) * (side === "0" ? -1 : 1));
  }
}

/** The entries of a group; its number of entries must be what was announced. */
function entriesOf(message: SeenMessage, countTag: number, firstTag: number): Entry[] {
  const start = message.fields.findIndex(([tag]) => tag === countTag);
  const entries: Map<number, string>[] = [];
  for (const [tag, value] of message.fields.slice(start + 1, -1) as readonly FixField[]) {
    if (tag === firstTag) entries.push(new Map());
    entries.at(-1)?.set(tag, value);
  }
  if (entries.length !== Number(textOf(message, countTag))) throw new Error(`Wrong count of entries: ${message.text}`);
  return entries;
}
