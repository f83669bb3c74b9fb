import type { Clock, Timer } from "../runtime/clock.ts";
import { isoMicroseconds } from "./iso-time.ts";
import type { Market } from "./market.ts";
import type { QuoteRing } from "./quote-ring.ts";
import type { SimulatedSession } from "./simulated-session.ts";

/** Bytes gathered for one write: large enough that the system call costs little per message. */
const BATCH_BYTES = 128 * 1024;
/** Writes before other work of the process gets its turn. */
const BATCHES_PER_TURN = 4;

/** A number of quotes still to be sent, shared by all sessions. */
export interface QuoteAllowance {
  left: number;
}

/** Sends to one session as fast as it reads, and no faster: the next batch is made when the last has gone out. */
export class QuoteFlood {
  readonly #clock: Clock;
  readonly #session: SimulatedSession;
  readonly #allowance: QuoteAllowance;
  readonly #rings = new Map<Market, QuoteRing>();
  #next = 0;
  #timer: Timer | null = null;

  constructor(session: SimulatedSession, allowance: QuoteAllowance) {
    this.#session = session;
    this.#clock = session.clock;
    this.#allowance = allowance;
  }

  /** Goes on sending; call when topics change, when the socket has drained and when silence ends. */
  wake(): void {
    if (this.#timer !== null) return;
    this.#timer = this.#clock.scheduleSoon(() => {
      this.#timer = null;
      this.#run();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #run(): void {
    const { peer, markets } = this.#session;
    for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
      if (this.#session.isSilent || markets.length === 0 || this.#allowance.left <= 0) return;
      if (peer.bufferedBytes > 0) return;
      peer.cork(() => this.#fill());
    }
    this.wake();
  }

  #fill(): void {
    const session = this.#session;
    const { peer, markets, isListed } = session;
    const wallUs = this.#clock.wallUs();
    const nowMs = this.#clock.monotonicMs();
    const isoNow = Buffer.from(isoMicroseconds(wallUs), "latin1");
    session.lastSentMs = nowMs;
    while (peer.bufferedBytes < BATCH_BYTES && this.#allowance.left > 0 && !session.isSilent) {
      if (this.#next >= markets.length) this.#next = 0;
      const market = markets[this.#next++];
      this.#allowance.left--;
      if (isListed) {
        market.step(wallUs, nowMs);
        session.sendQuote(market, nowMs);
      } else {
        const ring = this.#ringOf(market);
        market.renumber(wallUs, nowMs);
        session.sendFrame(market, ring.next(isoNow));
      }
    }
  }

  #ringOf(market: Market): QuoteRing {
    let ring = this.#rings.get(market);
    if (ring === undefined) {
      ring = this.#session.makeRing(market);
      this.#rings.set(market, ring);
    }
    return ring;
  }
}
