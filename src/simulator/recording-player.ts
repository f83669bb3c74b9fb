import type { Clock, Timer } from "../runtime/clock.ts";
import type { Recording } from "./recording.ts";
import type { SimulatedSession } from "./simulated-session.ts";

/** Playing begins this long after the last subscription, so that nobody misses the first frames. */
const SETTLE_MS = 250;
/** Frames sent before other work of the process gets its turn. */
const FRAMES_PER_TURN = 500;
/** At full speed: no more frames while a session has this much unread. */
const MAX_UNREAD_BYTES = 256 * 1024;
const RETRY_MS = 1;

/** How a recording is played. */
export interface PlayOptions {
  /** 1 is as recorded, 10 is ten times faster; `full` is as fast as the clients read. */
  readonly speed: number | "full";
  readonly sessions: () => Iterable<SimulatedSession>;
  readonly clock: Clock;
}

/** Plays a recording once, each frame to the sessions that have subscribed to its topic. */
export class RecordingPlayer {
  readonly #recording: Recording;
  readonly #options: PlayOptions;
  readonly #finish = Promise.withResolvers<void>();
  readonly #sentBySymbol = new Map<string, number>();
  #timer: Timer | null = null;
  #startMs = -1;
  #next = 0;
  /** Frames sent, counted once per session. */
  framesSent = 0;
  isFinished = false;

  constructor(recording: Recording, options: PlayOptions) {
    this.#recording = recording;
    this.#options = options;
  }

  /** Resolves when the last frame has been played. */
  get finished(): Promise<void> {
    return this.#finish.promise;
  }

  /** Frames of any kind in the recording. */
  get frameCount(): number {
    return this.#recording.frames.length;
  }

  /** Frames sent per symbol, counted once per session. */
  sentBySymbol(): Record<string, number> {
    return Object.fromEntries(this.#recording.symbols.map((symbol) => [symbol, this.#sentBySymbol.get(symbol) ?? 0]));
  }

  /** Somebody subscribed: play soon, unless already playing. */
  onSubscribed(): void {
    if (this.#startMs >= 0) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.schedule(SETTLE_MS, () => {
      this.#startMs = this.#options.clock.monotonicMs();
      this.#play();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #play(): void {
    const { clock, speed } = this.#options;
    const { frames } = this.#recording;
    this.#timer = null;
    for (let turn = 0; turn < FRAMES_PER_TURN && this.#next < frames.length; turn++) {
      const frame = frames[this.#next];
      const waitMs = speed === "full" ? this.#unreadWaitMs() : this.#dueInMs(frame.offsetMs, speed);
      if (waitMs > 0) {
        this.#timer = clock.schedule(waitMs, () => this.#play());
        return;
      }
      this.#next++;
      if (frame.topic !== null) this.#send(frame.topic, frame.text);
    }
    if (this.#next < frames.length) {
      this.#timer = clock.scheduleSoon(() => this.#play());
      return;
    }
    this.isFinished = true;
    this.#finish.resolve();
  }

  #dueInMs(offsetMs: number, speed: number): number {
    return this.#startMs + offsetMs / speed - this.#options.clock.monotonicMs();
  }

  #unreadWaitMs(): number {
    for (const session of this.#options.sessions()) if (session.peer.bufferedBytes > MAX_UNREAD_BYTES) return RETRY_MS;
    return 0;
  }

  #send(topic: string, text: string): void {
    const symbol = this.#recording.dialect.topicSymbol(topic) ?? "";
    for (const session of this.#options.sessions()) {
      if (!session.topics.has(topic) || !session.peer.isOpen || session.peer.isMuted) continue;
      session.send(text);
      this.framesSent++;
      this.#sentBySymbol.set(symbol, (this.#sentBySymbol.get(symbol) ?? 0) + 1);
    }
  }
}
