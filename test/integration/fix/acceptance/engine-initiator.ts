import type { FixEngine, FixEngineListener, FixEngineSession } from "../../../../src/adapters/fix/engine/fix-engine.ts";
import type { Timer } from "../../../../src/runtime/clock.ts";
import type { MarketDataPlan } from "../../../../src/venues/compiled-fix-venue.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { FrameCutter } from "../../../harness/fix-wire.ts";
import type { Arrival, InitiatorLink, InitiatorUnderTest } from "./mirror.ts";

/** How far the clock is moved between two looks, ms. */
const STEP_MS = 50;
/** SendingTime (52) may differ by this much in the definitions, ms. */
const CLOCK_SKEW_MS = 120_000;
const MESSAGE_BYTES_MAX = 65_536;
/** How long our Logon may go without an answer: as the adapter, which owns the connection, has it. */
const LOGON_LIMIT_MS = 2000;

const PLAN: MarketDataPlan = {
  symbolTag: 55,
  requestIdTag: 262,
  time: "sendingTime",
  levelTag: 0,
  hasRptSeq: false,
  quoteKey: "symbol",
};

/** Our engine as an initiator of the definitions, without sockets, on a clock that is moved while it is waited for. */
export class EngineInitiator implements InitiatorUnderTest {
  readonly #engine: FixEngine;
  readonly #clock = new FakeClock();
  #link: EngineLink | null = null;

  constructor(engine: FixEngine) {
    this.#engine = engine;
  }

  connect(heartbeatS: number): Promise<InitiatorLink> {
    this.close();
    this.#link = new EngineLink(this.#engine, this.#clock, heartbeatS);
    return Promise.resolve(this.#link);
  }

  wallMs(): number {
    return Math.floor(this.#clock.wallUs() / 1000);
  }

  /** Timers that are armed now: a session that is over leaves none. */
  get armedTimers(): number {
    return this.#clock.armedTimers;
  }

  /** What was thrown in the present connection; null when nothing was. */
  get failure(): unknown {
    return this.#link?.failure ?? null;
  }

  /** Ends the connection there is. */
  close(): void {
    this.#link?.close();
    this.#link = null;
  }
}

class EngineLink implements InitiatorLink {
  readonly #clock: FakeClock;
  readonly #session: FixEngineSession;
  readonly #arrivals: Arrival[] = [];
  readonly #logonLimit: Timer;

  constructor(engine: FixEngine, clock: FakeClock, heartbeatS: number) {
    this.#clock = clock;
    const cutter = new FrameCutter();
    this.#session = engine.createSession({
      identity: { beginString: "FIX.4.4", sender: "ISLD", target: "TW44", senderSub: null, targetSub: null },
      clock,
      numbers: { nextOutgoing: 1, nextIncoming: 1 },
      heartbeatS,
      isReset: false,
      logonFields: () => [],
      maxMessageBytes: MESSAGE_BYTES_MAX,
      maxClockSkewMs: CLOCK_SKEW_MS,
      dictionaryXml: null,
      plan: PLAN,
      listener: this.#listener(),
      write: (bytes) => {
        for (const frame of cutter.cut(bytes)) this.#arrivals.push(Buffer.from(frame));
      },
    });
    this.#session.logon();
    this.#logonLimit = clock.schedule(LOGON_LIMIT_MS, () => this.#end());
  }

  send(bytes: Uint8Array): void {
    this.#session.receive(bytes);
  }

  async next(limitMs: number): Promise<Arrival> {
    await this.#clock.advance(0);
    for (let waitedMs = 0; this.#arrivals.length === 0 && waitedMs < limitMs; waitedMs += STEP_MS) {
      await this.#clock.advance(STEP_MS);
    }
    return this.#arrivals.shift() ?? "silent";
  }

  close(): void {
    this.#session.close();
    this.#logonLimit.cancel();
  }

  /** What was thrown while messages were handled; null when nothing was. */
  get failure(): unknown {
    return this.#session.failures.first;
  }

  /** What the adapter does: it hangs up. */
  #end(): void {
    this.close();
    this.#arrivals.push("closed");
  }

  #listener(): FixEngineListener {
    const nothing = (): void => {};
    return {
      onLogon: () => this.#logonLimit.cancel(),
      onMarketData: nothing,
      onApplication: nothing,
      onFrame: nothing,
      onGarbage: nothing,
      onHole: nothing,
      onHoleFilled: nothing,
      onDataLost: nothing,
      onNumbersReset: nothing,
      onOursFilledOver: nothing,
      onEnd: () => this.#end(),
    };
  }
}
