import type {
  EngineEnd,
  FixEngineListener,
  FixEngineOptions,
  FixEngineSession,
  SessionNumbers,
} from "../../../../src/adapters/fix/engine/fix-engine.ts";
import { loadFixEngine } from "../../../../src/adapters/fix/engine/load-engine.ts";
import { readFields } from "../../../../src/fix/field-reader.ts";
import type { FixFrame } from "../../../../src/fix/fix-frame.ts";
import { FrameScanner, type GarbageReason } from "../../../../src/fix/frame-scanner.ts";
import { buildMessage, type MessageHeader } from "../../../../src/fix/message-builder.ts";
import { formatUtcTimestamp } from "../../../../src/fix/utc-timestamp.ts";
import type { FixField, MarketDataPlan } from "../../../../src/venues/compiled-fix-venue.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";

/** Reads top of book by 55, 262 and 52. */
export const PLAN: MarketDataPlan = {
  symbolTag: 55,
  requestIdTag: 262,
  time: "sendingTime",
  levelTag: 0,
  hasRptSeq: false,
  quoteKey: "symbol",
};

/** `8=FIX.4.4|9=…` as one line; SOH as `|`. */
export function readable(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").replaceAll("\u0001", "|");
}

/** What the engine has told its listener, in order, a line each; frames by type and number. */
export class ListenerLog implements FixEngineListener {
  readonly lines: string[] = [];
  readonly ends: EngineEnd[] = [];
  frames = 0;
  /** Called for every market-data frame; may throw. */
  onData: (frame: FixFrame) => void = () => {};
  onApp: (frame: FixFrame) => void = () => {};

  onLogon(): void {
    this.lines.push("logon");
  }
  onMarketData(frame: FixFrame): void {
    this.onData(frame);
    this.lines.push(`data ${nameOf(frame)}`);
  }
  onApplication(frame: FixFrame): void {
    this.onApp(frame);
    this.lines.push(`application ${nameOf(frame)}`);
  }
  onFrame(): void {
    this.frames++;
  }
  onGarbage(reason: GarbageReason): void {
    this.lines.push(`garbage ${reason}`);
  }
  onHole(from: number, to: number): void {
    this.lines.push(`hole ${from} ${to}`);
  }
  onHoleFilled(): void {
    this.lines.push("filled");
  }
  onDataLost(from: number, to: number): void {
    this.lines.push(`lost ${from} ${to}`);
  }
  onNumbersReset(): void {
    this.lines.push("reset");
  }
  onOursFilledOver(from: number, to: number): void {
    this.lines.push(`ours filled ${from} ${to}`);
  }
  onEnd(end: EngineEnd): void {
    this.ends.push(end);
    this.lines.push(`end ${end.kind}`);
  }
}

function nameOf(frame: FixFrame): string {
  const type = Buffer.from(frame.bytes.slice(frame.msgTypeStart, frame.msgTypeEnd)).toString("latin1");
  return `${type}${frame.sequence}${frame.isPossDup ? " again" : ""}`;
}

/** One message we sent, as the LP reads it. */
export class Sent {
  readonly fields: readonly FixField[];
  readonly text: string;

  constructor(frame: FixFrame) {
    this.fields = readFields(frame);
    this.text = readable(frame.bytes.slice(frame.start, frame.end));
  }

  get(tag: number): string | undefined {
    return this.fields.find(([fieldTag]) => fieldTag === tag)?.[1];
  }

  /** The fields behind the header: `58=x|`; also 34 and 35 before them. */
  get short(): string {
    const header = new Set([8, 9, 10, 34, 35, 49, 50, 52, 56, 57]);
    const body = this.fields.filter(([tag]) => !header.has(tag)).map(([tag, value]) => `${tag}=${value}`);
    return [`${this.get(35)}#${this.get(34)}`, ...body].join(" ");
  }
}

/** An LP that says what a test tells it to, at the other end of one engine session without a socket between. */
export class ScriptedLp {
  readonly clock = new FakeClock();
  readonly listener = new ListenerLog();
  readonly numbers: SessionNumbers = { nextOutgoing: 1, nextIncoming: 1 };
  readonly sent: Sent[] = [];
  readonly raw: Uint8Array[] = [];
  readonly session: FixEngineSession;
  /** MsgSeqNum (34) of the LP's next message. */
  next = 1;
  readonly #scanner: FrameScanner;
  #told = 0;
  #read = 0;

  private constructor(
    engine: { createSession(options: FixEngineOptions): FixEngineSession },
    more: Partial<FixEngineOptions>,
  ) {
    this.#scanner = new FrameScanner({
      maxMessageBytes: 65_536,
      listener: {
        onFrame: (frame) => this.sent.push(new Sent(frame)),
        onGarbage: (reason) => {
          throw new Error(`We have written garbage: ${reason}`);
        },
      },
    });
    this.session = engine.createSession({
      identity: { beginString: "FIX.4.4", sender: "US", target: "LP", senderSub: null, targetSub: null },
      clock: this.clock,
      numbers: this.numbers,
      heartbeatS: 30,
      isReset: false,
      logonFields: () => [],
      maxMessageBytes: 65_536,
      maxClockSkewMs: 0,
      dictionaryXml: null,
      plan: PLAN,
      listener: this.listener,
      write: (bytes) => {
        this.raw.push(bytes.slice());
        this.#scanner.feed(bytes);
      },
      ...more,
    });
  }

  static async connect(more: Partial<FixEngineOptions> = {}): Promise<ScriptedLp> {
    return new ScriptedLp(await loadFixEngine(), more);
  }

  /** A session that is logged on; what was said up to there is forgotten. */
  static async loggedOn(more: Partial<FixEngineOptions> = {}): Promise<ScriptedLp> {
    const lp = await ScriptedLp.connect(more);
    lp.session.logon();
    lp.say("A", [
      [98, "0"],
      [108, "30"],
    ]);
    lp.heard();
    lp.written();
    return lp;
  }

  /** Sends a message with the next number, or the one given. */
  say(msgType: string, fields: readonly FixField[] = [], header: Partial<MessageHeader> = {}): void {
    this.session.receive(this.message(msgType, fields, header));
  }

  /** What the LP says next, as bytes. */
  message(msgType: string, fields: readonly FixField[] = [], header: Partial<MessageHeader> = {}): Uint8Array {
    const sequence = header.sequence ?? this.next;
    if (header.sequence === undefined) this.next++;
    return buildMessage(
      {
        beginString: "FIX.4.4",
        msgType,
        sender: "LP",
        target: "US",
        sendingTime: formatUtcTimestamp(this.clock.wallUs(), 3),
        ...header,
        sequence,
      },
      fields,
    );
  }

  /** What the listener was told since the last time. */
  heard(): string[] {
    const lines = this.listener.lines.slice(this.#told);
    this.#told = this.listener.lines.length;
    return lines;
  }

  /** What we have written since the last time, in short. */
  written(): string[] {
    const sent = this.sent.slice(this.#read);
    this.#read = this.sent.length;
    return sent.map((each) => each.short);
  }
}
