import type { Timer } from "../../runtime/clock.ts";
import type { QuoteAllowance } from "../quote-flood.ts";
import { FixRing } from "./fix-ring.ts";
import type { LpSession } from "./lp-session.ts";
import type { LpSubscription } from "./lp-subscription.ts";
import type { LpVenue } from "./lp-venue.ts";
import { type StampTimes, stampTimes } from "./message-stamps.ts";
import type { SessionOutput } from "./session-output.ts";

/** Bytes gathered for one write: large enough that the system call costs little per message. */
const BATCH_BYTES = 128 * 1024;
/** Writes before other work of the process gets its turn. */
const BATCHES_PER_TURN = 4;

/** Sends to one session as fast as it reads, and no faster: the next batch is made when the last has gone out. */
export class FixFlood {
  readonly #venue: LpVenue;
  readonly #session: LpSession;
  readonly #allowance: QuoteAllowance;
  readonly #rings = new Map<LpSubscription, FixRing>();
  #next = 0;
  #timer: Timer | null = null;

  constructor(session: LpSession, venue: LpVenue, allowance: QuoteAllowance) {
    this.#session = session;
    this.#venue = venue;
    this.#allowance = allowance;
  }

  /** Goes on sending; call when subscriptions change, when the socket has drained and when silence ends. */
  wake(): void {
    if (this.#timer !== null) return;
    this.#timer = this.#venue.clock.scheduleSoon(() => {
      this.#timer = null;
      this.#run();
    });
  }

  /** Lets go of what was rendered: the subscriptions know again what their client was told. */
  settle(): void {
    for (const [subscription, ring] of this.#rings) subscription.assume(ring.sides, ring.rptSeq);
    this.#rings.clear();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#rings.clear();
  }

  #run(): void {
    const { link, desk } = this.#session;
    for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
      const { output } = this.#session;
      if (output === null || this.#session.isSilent || desk.subscriptions.length === 0) return;
      if (this.#allowance.left <= 0 || link.bufferedBytes > 0) return;
      if (this.#venue.onSent === undefined) this.#fill(output);
      else link.cork(() => this.#fillListed());
    }
    this.wake();
  }

  /** Every message must be told to a listener, which rings cannot do. */
  #fillListed(): void {
    const { link } = this.#session;
    while (link.bufferedBytes < BATCH_BYTES && this.#allowance.left > 0 && !this.#session.isSilent) {
      const subscription = this.#draw();
      if (subscription === null) return;
      this.#allowance.left--;
      subscription.book.step(this.#venue.clock.wallUs(), this.#venue.clock.monotonicMs());
      this.#session.sendUpdate(subscription);
    }
  }

  #fill(output: SessionOutput): void {
    const { link } = this.#session;
    const { clock } = this.#venue;
    const times = stampTimes(this.#venue.times().timestamp);
    const wallUs = clock.wallUs();
    const nowMs = clock.monotonicMs();
    this.#forgetEnded();
    this.#makeRings(output);
    let bytes = 0;
    const start = link.reserve(BATCH_BYTES);
    if (start < 0) return;
    while (this.#allowance.left > 0) {
      const subscription = this.#draw();
      const ring = subscription === null ? undefined : this.#rings.get(subscription);
      if (ring === undefined || bytes + ring.nextBytes > BATCH_BYTES) break;
      this.#allowance.left--;
      ring.subscription.book.market.renumber(wallUs, nowMs);
      bytes += this.#write(ring, output, { at: start + bytes, times });
    }
    link.commit(bytes);
    this.#session.noteSent();
  }

  #write(ring: FixRing, { party }: SessionOutput, { at, times }: { at: number; times: StampTimes }): number {
    const { buffer } = this.#session.link;
    const sequence = party.nextOutgoing++;
    const end = ring.write(buffer, at, sequence, times);
    party.history.keep(sequence, buffer, at, end);
    this.#venue.count(ring.subscription.book.symbol, 1);
    return end - at;
  }

  /** The subscriptions in turn. */
  #draw(): LpSubscription | null {
    const { subscriptions } = this.#session.desk;
    if (this.#next >= subscriptions.length) this.#next = 0;
    return subscriptions[this.#next++] ?? null;
  }

  #forgetEnded(): void {
    const { subscriptions } = this.#session.desk;
    if (this.#rings.size <= subscriptions.length) return;
    for (const subscription of this.#rings.keys()) {
      if (!subscriptions.includes(subscription)) this.#rings.delete(subscription);
    }
  }

  /** The client is told what is new first, so that a ring begins with the book as it is. */
  #makeRings(output: SessionOutput): void {
    for (const subscription of this.#session.desk.subscriptions) {
      if (this.#rings.has(subscription)) continue;
      this.#session.sendUpdate(subscription);
      this.#rings.set(subscription, new FixRing(subscription, output, this.#venue));
    }
  }
}
