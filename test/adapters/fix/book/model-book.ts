import type { BookEntry } from "../../../../src/adapters/fix/book/book-side.ts";

/** What one entry says, as text. */
export interface ModelOp {
  readonly action: string;
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly refId: string | undefined;
  readonly price: string | undefined;
  readonly size: string | undefined;
  readonly level: number | undefined;
}

interface Entry {
  id: string;
  price: string;
  size: string | null;
}

type Key = "one" | "id" | "price" | "level" | "quoteId";
type Answer = "ignored" | "applied" | "unknown" | "taken" | "wrong" | "full" | "unreadable";
type Side = "bids" | "offers";

const PLACES = 30;

/** The number a text is, as a whole number of units of 10⁻³⁰. */
function value(text: string): bigint {
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  const units = BigInt(`${whole}${fraction.padEnd(PLACES, "0")}`);
  return text.startsWith("-") ? -units : units;
}

/**
 * The rules of `SymbolBook` in the plainest words: lists of objects, filtered and sorted anew. Its own reading of FIX, not
 * a copy of the code.
 */
export class ModelBook {
  readonly #key: Key;
  readonly #max: number;
  #sides: Record<Side, Entry[]> = { bids: [], offers: [] };
  #levels: Record<Side, number[]> = { bids: [], offers: [] };

  constructor(key: Key, max: number) {
    this.#key = key;
    this.#max = max;
  }

  dump(): { bids: BookEntry[]; offers: BookEntry[] } {
    return { bids: this.#sides.bids.map((entry) => ({ ...entry })), offers: this.#sides.offers.map((e) => ({ ...e })) };
  }

  best(): [string | null, string | null] {
    const of = (side: Side) => this.#sides[side].find(({ size }) => size === null || value(size) !== 0n)?.price ?? null;
    return [of("bids"), of("offers")];
  }

  isCrossed(): boolean {
    const [bid, offer] = this.best();
    return bid !== null && offer !== null && value(bid) > value(offer);
  }

  restore(op: ModelOp): Answer {
    const side = sideOf(op.type);
    if (side === null || op.price === undefined) return "ignored";
    const entries = this.#sides[side];
    if (this.#key === "one" && entries.length > 0) return "ignored";
    if (this.#key !== "level") return this.#put(side, op);
    if (entries.length === this.#max) return "full";
    const levels = this.#levels[side];
    const level = op.level ?? Number.POSITIVE_INFINITY;
    const known = levels.filter((other) => other !== Number.POSITIVE_INFINITY);
    // Without a level behind all; else before the first higher one, if there is any.
    const at =
      op.level === undefined || known.every((other) => other <= level)
        ? entries.length
        : levels.filter((other) => other === Number.POSITIVE_INFINITY || other <= level).length;
    entries.splice(at, 0, entryOf(op, ""));
    levels.push(level);
    return "applied";
  }

  apply(op: ModelOp): Answer {
    if (op.type === "J") {
      this.#sides = { bids: [], offers: [] };
      return "applied";
    }
    if (op.type === "2") return "ignored";
    const side = sideOf(op.type) ?? this.#sideOfIds(op);
    if (side === null) return op.action === "2" ? "unknown" : "wrong";
    if (op.action === "0") return this.#key === "level" ? this.#putLevel(side, op) : this.#put(side, op);
    if (op.action === "1" || op.action === "5") return this.#change(side, op);
    if (op.action === "2") return this.#delete(side, op);
    return this.#deleteRange(side, op);
  }

  /** By what the entry is found; ids only where it has one. */
  #by(op: ModelOp): "one" | "id" | "price" | "level" {
    if (this.#key !== "id" && this.#key !== "quoteId") return this.#key;
    if (op.id !== undefined || (op.action !== "0" && op.refId !== undefined)) return "id";
    return this.#key === "id" ? "price" : "one";
  }

  #find(side: Side, op: ModelOp): Entry | undefined {
    const entries = this.#sides[side];
    const by = this.#by(op);
    if (by === "level") return op.level === undefined ? undefined : entries[op.level - 1];
    if (by === "one") return entries.find(({ id }) => id === "");
    const { price } = op;
    if (by === "price") {
      return price === undefined ? undefined : entries.find((e) => e.id === "" && value(e.price) === value(price));
    }
    const byId = entries.find(({ id }) => id === op.id);
    const byRefId = op.action === "0" ? undefined : entries.find(({ id }) => id === op.refId);
    const isRename = op.action === "1" || op.action === "5";
    return isRename ? (byRefId ?? byId) : (byId ?? byRefId);
  }

  #put(side: Side, op: ModelOp): Answer {
    const by = this.#by({ ...op, action: "0" });
    const there = this.#find(side, { ...op, action: "0" });
    const hasNothing = op.price === undefined || (by !== "id" && isZero(op.size));
    if (hasNothing) return there === undefined ? "ignored" : this.#remove(side, there);
    if (there !== undefined) {
      there.size = op.size ?? null;
      this.#reprice(side, there, op.price);
      return "applied";
    }
    if (this.#sides[side].length >= this.#max) return "full";
    this.#sides[side].push(entryOf(op, by === "id" ? (op.id ?? "") : ""));
    this.#sort(side);
    return "applied";
  }

  #putLevel(side: Side, op: ModelOp): Answer {
    const entries = this.#sides[side];
    if (op.level === undefined || op.level > entries.length + 1 || op.price === undefined) return "wrong";
    if (op.level > this.#max) return "ignored";
    entries.splice(op.level - 1, 0, entryOf(op, ""));
    entries.splice(this.#max);
    return "applied";
  }

  #change(side: Side, op: ModelOp): Answer {
    const by = this.#by(op);
    const there = this.#find(side, op);
    if (there === undefined) return this.#changeUnknown(side, op);
    if (isZero(op.size) && (by === "price" || by === "one")) return this.#remove(side, there);
    if (op.size !== undefined) there.size = op.size;
    if (by === "id" && op.id !== undefined && op.refId !== undefined && there.id !== op.id) {
      const holder = this.#sides[side].find(({ id }) => id === op.id);
      if (holder !== undefined) this.#remove(side, holder);
      there.id = op.id;
    }
    if (op.price !== undefined && by === "level") there.price = op.price;
    else if (op.price !== undefined) this.#reprice(side, there, op.price);
    return "applied";
  }

  #changeUnknown(side: Side, op: ModelOp): Answer {
    const by = this.#by(op);
    if (op.price === undefined) return "wrong";
    if (by === "level") return op.action === "5" ? this.#putLevel(side, op) : "wrong";
    // An Overlay or the one quote of a side may be new; it is put in under its own id.
    if (op.action === "5" || by === "one") return this.#put(side, op);
    if (by === "id" || op.size === undefined) return "wrong";
    if (isZero(op.size)) return "unknown";
    const answer = this.#put(side, op);
    if (answer !== "applied") return answer;
    return this.#key === "price" ? "taken" : "wrong";
  }

  #delete(side: Side, op: ModelOp): Answer {
    const by = this.#by(op);
    if ((by === "price" && op.price === undefined) || (by === "level" && op.level === undefined)) {
      const hadNone = this.#sides[side].length === 0;
      this.#sides[side] = [];
      return hadNone ? "unknown" : "applied";
    }
    const there = this.#find(side, op);
    if (there === undefined) return "unknown";
    const isOfOther = by === "one" && op.price !== undefined && value(op.price) !== value(there.price);
    return isOfOther ? "unknown" : this.#remove(side, there);
  }

  #deleteRange(side: Side, op: ModelOp): Answer {
    const entries = this.#sides[side];
    const by = this.#by(op);
    const { price } = op;
    let isKept: (entry: Entry, position: number) => boolean = () => false;
    if (by === "level" && op.level !== undefined) {
      const level = op.level;
      isKept = (_, position) => (op.action === "3" ? position + 1 > level : position + 1 < level);
    } else if (by === "id") {
      const there = this.#find(side, op);
      if (there === undefined) return "wrong";
      const at = entries.indexOf(there);
      isKept = (_, position) => (op.action === "3" ? position > at : position < at);
    } else if (by === "price" && price !== undefined) {
      isKept = (entry) => (op.action === "3" ? isWorse(side, entry.price, price) : isWorse(side, price, entry.price));
    }
    const kept = entries.filter(isKept);
    if (kept.length === entries.length) return "unknown";
    this.#sides[side] = kept;
    return "applied";
  }

  #remove(side: Side, entry: Entry): Answer {
    this.#sides[side] = this.#sides[side].filter((other) => other !== entry);
    return "applied";
  }

  #reprice(side: Side, entry: Entry, price: string): void {
    const isSame = value(entry.price) === value(price);
    entry.price = price;
    if (isSame) return;
    this.#remove(side, entry);
    this.#sides[side].push(entry);
    this.#sort(side);
  }

  /** Stable, so that the newest is the last of its price. */
  #sort(side: Side): void {
    this.#sides[side].sort((a, b) => (isWorse(side, a.price, b.price) ? 1 : isWorse(side, b.price, a.price) ? -1 : 0));
  }

  #sideOfIds(op: ModelOp): Side | null {
    if (op.type !== undefined) return null;
    for (const side of ["bids", "offers"] as const) {
      if (this.#sides[side].some(({ id }) => id !== "" && (id === op.id || id === op.refId))) return side;
    }
    return null;
  }
}

function entryOf(op: ModelOp, id: string): Entry {
  return { id, price: op.price ?? "", size: op.size ?? null };
}

function sideOf(type: string | undefined): Side | null {
  return type === "0" ? "bids" : type === "1" ? "offers" : null;
}

function isWorse(side: Side, a: string, b: string): boolean {
  return side === "bids" ? value(a) < value(b) : value(a) > value(b);
}

function isZero(size: string | undefined): boolean {
  return size !== undefined && value(size) === 0n;
}
