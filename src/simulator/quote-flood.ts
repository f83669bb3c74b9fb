import type { Clock, Timer } from "../runtime/clock.ts";
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
      if (!peer.isOpen || peer.isMuted || markets.length === 0 || this.#allowance.left <= 0) return;
      if (peer.bufferedBytes > 0) return;
      const sentBefore = peer.bytesSent;
      peer.cork(() => this.#fill());
      // Nothing was made (the venue is quiet): wait to be woken.
      if (peer.bufferedBytes === 0 && peer.bytesSent === sentBefore) return;
    }
    this.wake();
  }

  #fill(): void {
    const session = this.#session;
    const { peer, markets } = session;
    const wallUs = this.#clock.wallUs();
    const nowMs = this.#clock.monotonicMs();
    let filled = -1;
    // Also ends when a send adds no bytes: muted, quiet or closed meanwhile.
    while (peer.bufferedBytes < BATCH_BYTES && peer.bufferedBytes > filled && this.#allowance.left > 0) {
      filled = peer.bufferedBytes;
      if (this.#next >= markets.length) this.#next = 0;
      const market = markets[this.#next++];
      market.step(wallUs, nowMs);
      session.sendQuote(market, nowMs);
      this.#allowance.left--;
    }
  }
}
