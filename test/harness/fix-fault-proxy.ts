import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { FrameCutter, fieldOf, SOH, withCheckSum } from "./fix-wire.ts";

/** Bytes that wait in a direction beyond which its sender is no longer read from. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** Frames of either direction a test may look at afterwards. */
const KEPT_FRAMES_MAX = 2000;
/** Joined frames are let go after this, however few they are, ms. */
const JOIN_LIMIT_MS = 5;
/** Length of `10=nnn` and its SOH. */
const TRAILER_BYTES = 7;

/** What is done to one frame on its way. */
export type FrameFault =
  /** The frame vanishes: its sender believes it sent. */
  | "lose"
  /** CheckSum (10) is one off. */
  | "bad_checksum"
  /** BodyLength (9) is three short, CheckSum (10) right for it. */
  | "short_body_length"
  /** BodyLength (9) is nine too long, CheckSum (10) right for it. */
  | "long_body_length"
  /** Bytes that are no FIX stand before the frame. */
  | "garbage_before"
  /** The frame is cut in its middle and its end never comes. */
  | "cut";

/** Which frames, of those the LP sends, meet a fault. */
export interface FaultOrder {
  readonly fault: FrameFault;
  readonly count: number;
  /** MsgType (35); any when absent. */
  readonly msgType?: string;
  /** True: only frames that are sent again (PossDupFlag 43 = Y); false: only others; both when absent. */
  readonly isReplay?: boolean;
}

/** A proxy between an initiator and its LP that knows FIX frames and spoils what it is told to. */
export class FixFaultProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
  readonly #state: FaultState = { orders: [], piece: 0, joinBytes: 0, isHeld: false, losesToLp: new Map() };
  /** Frames that the initiator sent, oldest first; market data requests, resend requests and so on. */
  readonly toLp: Buffer[] = [];
  /** Frames the LP sent that are no market data, or are sent again. */
  readonly fromLp: Buffer[] = [];
  /** MsgSeqNum (34) of the LP's frames that met a fault. */
  readonly spoiledNumbers: number[] = [];
  acceptedTotal = 0;
  /** Wall times of the connections taken, ms. */
  readonly acceptedAtMs: number[] = [];

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /** Resolves with a proxy that listens. */
  static async start(targetPort: number): Promise<FixFaultProxy> {
    const proxy = new FixFaultProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    proxy.#server.unref();
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Faults that were ordered and have not met their frame yet. */
  get ordersLeft(): number {
    return this.#state.orders.reduce((sum, order) => sum + order.left, 0);
  }

  /** Holes that the faults made in the LP's numbers: frames in a row make one. */
  get holes(): number {
    return this.spoiledNumbers.filter((number) => !this.spoiledNumbers.includes(number - 1)).length;
  }

  /** Forgets the orders that have not met their frames. */
  clearOrders(): void {
    this.#state.orders.length = 0;
  }

  /** Spoils the next frames of the LP. Orders are carried out one after the other. */
  order(order: FaultOrder): void {
    this.#state.orders.push({ ...order, left: order.count });
  }

  /** So many of the initiator's next frames of this type never reach the LP. */
  loseToLp(msgType: string, count: number): void {
    this.#state.losesToLp.set(msgType, count);
  }

  /** What the LP sends is written in pieces of so many bytes; 0 ends it. */
  splitInto(bytes: number): void {
    this.#state.piece = bytes;
  }

  /** What the LP sends is written in pieces of at least so many bytes; 0 ends it. */
  joinInto(bytes: number): void {
    this.#state.joinBytes = bytes;
  }

  /** Nothing passes any more in either direction, and nothing is closed: a half-open connection. New ones stay silent. */
  hold(): void {
    this.#state.isHeld = true;
  }

  /** Passes everything on again, what was held first. */
  release(): void {
    this.#state.isHeld = false;
    for (const link of this.#links) link.flush();
  }

  /** Closes all connections; what was on its way is lost. */
  dropConnections(): void {
    for (const link of [...this.#links]) link.destroy();
  }

  /** The initiator's frames of one type, oldest first. */
  sentToLp(msgType: string): Buffer[] {
    return this.toLp.filter((frame) => fieldOf(frame, 35) === msgType);
  }

  /** Drops all connections and listens no more. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.dropConnections();
    await closed;
  }

  #accept(client: Socket): void {
    this.acceptedTotal++;
    this.acceptedAtMs.push(Date.now());
    const lp = connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const link: Link = new Link({ client, lp, state: this.#state, proxy: this, onEnd: () => this.#links.delete(link) });
    this.#links.add(link);
  }
}

interface FaultState {
  readonly orders: (FaultOrder & { left: number })[];
  piece: number;
  joinBytes: number;
  isHeld: boolean;
  readonly losesToLp: Map<string, number>;
}

interface LinkOptions {
  readonly client: Socket;
  readonly lp: Socket;
  readonly state: FaultState;
  readonly proxy: FixFaultProxy;
  readonly onEnd: () => void;
}

/** One connection of the initiator and its connection to the LP. */
class Link {
  readonly #options: LinkOptions;
  readonly #toLp: Writer;
  readonly #fromLp: Writer;

  constructor(options: LinkOptions) {
    const { client, lp, state } = options;
    this.#options = options;
    this.#toLp = new Writer(client, lp, { isHeld: false, piece: 0, joinBytes: 0, heldBy: state });
    this.#fromLp = new Writer(lp, client, { heldBy: state });
    const requests = new FrameCutter();
    const answers = new FrameCutter();
    client.on("data", (chunk) => this.#onRequests(requests.cut(chunk as Buffer)));
    lp.on("data", (chunk) => this.#onAnswers(answers.cut(chunk as Buffer)));
    for (const [from, writer] of [[client, this.#toLp] as const, [lp, this.#fromLp] as const]) {
      from.on("end", () => writer.end());
      // An error is always followed by the close, which ends both sides.
      from.on("error", () => from.destroy());
      from.on("close", () => this.destroy());
    }
  }

  flush(): void {
    this.#toLp.flush();
    this.#fromLp.flush();
  }

  destroy(): void {
    this.#toLp.clear();
    this.#fromLp.clear();
    this.#options.client.destroy();
    this.#options.lp.destroy();
    this.#options.onEnd();
  }

  #onRequests(frames: readonly Buffer[]): void {
    const { proxy, state } = this.#options;
    for (const frame of frames) {
      keep(proxy.toLp, frame);
      const msgType = fieldOf(frame, 35) ?? "";
      const losses = state.losesToLp.get(msgType) ?? 0;
      if (losses > 0) state.losesToLp.set(msgType, losses - 1);
      else this.#toLp.add(frame);
    }
  }

  #onAnswers(frames: readonly Buffer[]): void {
    const { proxy, state } = this.#options;
    for (const frame of frames) {
      const msgType = fieldOf(frame, 35) ?? "";
      const isReplay = fieldOf(frame, 43) === "Y";
      if ((msgType !== "W" && msgType !== "X") || isReplay) keep(proxy.fromLp, frame);
      const order = state.orders[0];
      if (order === undefined || !isMeant(order, frame)) {
        this.#fromLp.add(frame);
        continue;
      }
      if (--order.left === 0) state.orders.shift();
      proxy.spoiledNumbers.push(Number(fieldOf(frame, 34)));
      const spoiled = spoil(frame, order.fault);
      if (spoiled !== null) this.#fromLp.add(spoiled);
    }
  }
}

interface WriterOptions {
  readonly heldBy: FaultState;
  /** Own values instead of the shared ones, for the direction that is only held. */
  readonly isHeld?: boolean;
  readonly piece?: number;
  readonly joinBytes?: number;
}

/** The frames of one direction, in order, split, joined or held. */
class Writer {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #options: WriterOptions;
  #waiting: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isDrainingPieces = false;

  constructor(from: Socket, to: Socket, options: WriterOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    to.on("drain", () => this.#deliver());
  }

  add(frame: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? frame : Buffer.concat([this.#waiting, frame]);
    if (this.#waiting.length > WAITING_BYTES_MAX) this.#from.pause();
    this.#deliver();
  }

  end(): void {
    this.#hasEnded = true;
    this.#deliver();
  }

  flush(): void {
    this.#deliver();
  }

  clear(): void {
    this.#waiting = Buffer.alloc(0);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #deliver(): void {
    const state = this.#options.heldBy;
    if (state.isHeld || this.#isDrainingPieces || this.#to.writableNeedDrain) return;
    const joinBytes = this.#options.joinBytes ?? state.joinBytes;
    if (this.#waiting.length < joinBytes && !this.#hasEnded) {
      this.#timer ??= setTimeout(() => this.#letGo(), JOIN_LIMIT_MS);
      return;
    }
    this.#letGo();
  }

  #letGo(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#options.heldBy.isHeld || this.#to.destroyed) return;
    const piece = this.#options.piece ?? this.#options.heldBy.piece;
    const bytes = this.#waiting;
    if (piece > 0 && bytes.length > piece) {
      this.#writePiece(piece);
      return;
    }
    this.#waiting = Buffer.alloc(0);
    if (bytes.length > 0) this.#to.write(bytes);
    if (this.#hasEnded) this.#to.end();
    this.#from.resume();
  }

  /** One piece a turn of the event loop, so that the reader gets them one by one. */
  #writePiece(piece: number): void {
    this.#to.write(this.#waiting.subarray(0, piece));
    this.#waiting = this.#waiting.subarray(piece);
    this.#isDrainingPieces = true;
    setImmediate(() => {
      this.#isDrainingPieces = false;
      this.#letGo();
    });
  }
}

function isMeant({ msgType, isReplay }: FaultOrder, frame: Buffer): boolean {
  if (msgType !== undefined && fieldOf(frame, 35) !== msgType) return false;
  return isReplay === undefined || isReplay === (fieldOf(frame, 43) === "Y");
}

function spoil(frame: Buffer, fault: FrameFault): Buffer | null {
  const withoutSum = frame.subarray(0, frame.length - TRAILER_BYTES);
  switch (fault) {
    case "lose":
      return null;
    case "bad_checksum":
      return withCheckSum(withoutSum, 1);
    case "short_body_length":
      return withCheckSum(withBodyLength(withoutSum, -3));
    case "long_body_length":
      return withCheckSum(withBodyLength(withoutSum, 9));
    case "garbage_before":
      return Buffer.concat([Buffer.from(`\x00no FIX at all${SOH}9=12${SOH}35=W${SOH}\xff\r\n`, "latin1"), frame]);
    case "cut":
      return frame.subarray(0, frame.length >> 1);
  }
}

function withBodyLength(bytes: Buffer, error: number): Buffer {
  const text = bytes.toString("latin1");
  const length = fieldOf(bytes, 9);
  return Buffer.from(text.replace(`${SOH}9=${length}${SOH}`, `${SOH}9=${Number(length) + error}${SOH}`), "latin1");
}

function keep(frames: Buffer[], frame: Buffer): void {
  if (frames.length < KEPT_FRAMES_MAX) frames.push(frame);
}
