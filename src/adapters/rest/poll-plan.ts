/** Share of the even spacing that lies between two polls at least: what fell behind catches up gently, never in a burst. */
const SPACING_SHARE = 0.8;
/** A refused symbol is asked for again this often, ms: it may have been listed since, or been refused by mistake. */
const REFUSED_RETRY_MS = 60_000;
/** Symbols that were parted are put together again at most this often, ms. */
const REGROUP_EVERY_MS = 60_000;

/** One request that is sent again and again, and what is known of its answers. */
export interface PollSlot {
  /** Which of the session's instruments it asks for. */
  readonly asked: readonly number[];
  /** Asked once and then forgotten, beside the slot that asks for the instrument all along. */
  readonly isOnce: boolean;
  /** Monotonic ms of its next poll. */
  dueMs: number;
  isInFlight: boolean;
  /** It has had a good answer. */
  isProven: boolean;
  /** Its one symbol is refused: it is asked for rarely. */
  isRefused: boolean;
  /** Monotonic ms of the last good answer; −1 before. */
  lastGoodMs: number;
  etag: string | null;
  since: string | null;
}

/** How a session's polls are laid out. */
export interface PollPlanOptions {
  readonly instrumentCount: number;
  readonly symbolsPerRequest: number;
  /** False: one request asks for everything and cannot be parted. */
  readonly isPerSymbol: boolean;
  readonly intervalMs: number;
  readonly nowMs: number;
}

/**
 * Which request is due when: every slot once per interval, all of them spread evenly over it. Knows nothing of sockets.
 * Bounded: never more slots than instruments, and one more for each asked once.
 */
export class PollPlan {
  readonly #options: PollPlanOptions;
  #slots: PollSlot[];
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #regroupFromMs = Number.NEGATIVE_INFINITY;

  constructor(options: PollPlanOptions) {
    this.#options = options;
    this.#slots = this.#layOut(
      Array.from({ length: options.instrumentCount }, (_, index) => index),
      options.nowMs,
    );
  }

  get slots(): readonly PollSlot[] {
    return this.#slots;
  }

  /** The slot whose turn is next, and when; null when all are under way. */
  next(): { readonly slot: PollSlot; readonly atMs: number } | null {
    let first: PollSlot | null = null;
    for (const slot of this.#slots) {
      if (!slot.isInFlight && (first === null || slot.dueMs < first.dueMs)) first = slot;
    }
    if (first === null) return null;
    const spacingMs = (SPACING_SHARE * this.#options.intervalMs) / this.#slots.length;
    return { slot: first, atMs: Math.max(first.dueMs, this.#lastStartMs + spacingMs) };
  }

  /** A poll of the slot begins: its next one keeps to the beat, but for what would come too soon after a late one. */
  start(slot: PollSlot, nowMs: number): void {
    const { intervalMs } = this.#options;
    this.#lastStartMs = nowMs;
    slot.isInFlight = true;
    const beats = Math.ceil((nowMs + intervalMs / 2 - slot.dueMs) / intervalMs);
    slot.dueMs += intervalMs * Math.max(1, beats);
  }

  /** The poll is over, whatever came of it. */
  finish(slot: PollSlot): void {
    slot.isInFlight = false;
    if (slot.isOnce) this.#remove(slot);
  }

  /** Asks for one instrument by itself as soon as may be, once; where that cannot be, for everything. */
  askSoon(index: number, nowMs: number): void {
    if (this.#options.isPerSymbol) {
      this.#slots.push({ ...createSlot([index], nowMs), isOnce: true });
      return;
    }
    for (const slot of this.#slots) {
      slot.dueMs = nowMs;
      forgetAnswers(slot);
    }
  }

  /** The request was refused and names several symbols: each half is asked for by itself. False when it names one. */
  halve(slot: PollSlot, nowMs: number): boolean {
    if (!this.#canPart(slot)) return false;
    const middle = slot.asked.length >> 1;
    this.#replace(slot, [slot.asked.slice(0, middle), slot.asked.slice(middle)], nowMs);
    return true;
  }

  /** These instruments were not in the answer: each is asked for alone, the others go on together. */
  setApart(slot: PollSlot, apart: readonly number[], nowMs: number): boolean {
    if (!this.#canPart(slot)) return false;
    const rest = slot.asked.filter((index) => !apart.includes(index));
    this.#replace(slot, [...(rest.length === 0 ? [] : [rest]), ...apart.map((index) => [index])], nowMs);
    return true;
  }

  /** The slot's symbols are refused. */
  refuse(slot: PollSlot, nowMs: number): void {
    slot.isRefused = true;
    slot.isProven = false;
    forgetAnswers(slot);
    slot.dueMs = nowMs + Math.max(REFUSED_RETRY_MS, this.#options.intervalMs);
  }

  /** Puts symbols that were parted together again, once every one of them is proven or refused. */
  regroup(nowMs: number): void {
    if (!this.#options.isPerSymbol || nowMs < this.#regroupFromMs) return;
    const served = this.#slots.filter((slot) => !slot.isRefused && !slot.isOnce);
    if (served.some((slot) => !slot.isProven || slot.isInFlight)) return;
    const indexes = served.flatMap((slot) => slot.asked).sort((a, b) => a - b);
    if (served.length <= Math.ceil(indexes.length / this.#options.symbolsPerRequest)) return;
    this.#regroupFromMs = nowMs + REGROUP_EVERY_MS;
    const others = this.#slots.filter((slot) => !served.includes(slot));
    const lastGoodMs = Math.min(...served.map((slot) => slot.lastGoodMs));
    const grouped = this.#layOut(indexes, nowMs);
    for (const slot of grouped) slot.lastGoodMs = lastGoodMs;
    this.#slots = [...grouped, ...others];
  }

  #canPart(slot: PollSlot): boolean {
    return this.#options.isPerSymbol && slot.asked.length > 1;
  }

  #remove(slot: PollSlot): void {
    this.#slots = this.#slots.filter((each) => each !== slot);
  }

  #replace(slot: PollSlot, groups: readonly (readonly number[])[], nowMs: number): void {
    this.#remove(slot);
    for (const asked of groups) this.#slots.push({ ...createSlot(asked, nowMs), lastGoodMs: slot.lastGoodMs });
  }

  /** As few requests as may be, of even size, their turns spread over the interval. */
  #layOut(indexes: readonly number[], nowMs: number): PollSlot[] {
    const { symbolsPerRequest, isPerSymbol, intervalMs } = this.#options;
    const count = isPerSymbol ? Math.ceil(indexes.length / symbolsPerRequest) : 1;
    return Array.from({ length: count }, (_, i) => {
      const from = Math.floor((i * indexes.length) / count);
      const to = Math.floor(((i + 1) * indexes.length) / count);
      return createSlot(indexes.slice(from, to), nowMs + (i * intervalMs) / count);
    });
  }
}

/** The next poll of the slot asks for everything anew. */
export function forgetAnswers(slot: PollSlot): void {
  slot.etag = null;
  slot.since = null;
}

function createSlot(asked: readonly number[], dueMs: number): PollSlot {
  return {
    asked,
    isOnce: false,
    dueMs,
    isInFlight: false,
    isProven: false,
    isRefused: false,
    lastGoodMs: -1,
    etag: null,
    since: null,
  };
}
