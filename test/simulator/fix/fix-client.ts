import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { buildMessage } from "../../../src/fix/message-builder.ts";
import type { FixSimulator, FixSimulatorOptions } from "../../../src/simulator/fix/fix-simulator.ts";
import { startFixSimulator } from "../../../src/simulator/simulator.ts";
import type { FixField } from "../../../src/venues/compiled-fix-venue.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { FrameCutter, readable, withCheckSum } from "../../harness/fix-wire.ts";

/** Nothing a loopback peer does takes this long. */
const WAIT_LIMIT_MS = 5000;
const TRAILER_BYTES = 7;

/** One message the LP sent, or bytes that are none. */
export interface SeenMessage {
  readonly msgType: string;
  readonly sequence: number;
  readonly fields: readonly FixField[];
  /** With `|` for SOH. */
  readonly text: string;
  readonly hasRightSum: boolean;
  readonly bytes: Buffer;
}

/** How a client says who it is. */
export interface ClientOptions {
  readonly sender?: string;
  readonly target?: string;
  /** PEM of the authority: TLS. */
  readonly ca?: string;
  readonly client?: { readonly key: string; readonly cert: string };
}

/** A bare FIX client: it numbers what it sends and keeps what it gets; nothing is answered by itself. */
export class FixClient {
  readonly messages: SeenMessage[] = [];
  readonly closed: Promise<string>;
  /** How many bytes each read brought. */
  readonly reads: number[] = [];
  nextSequence = 1;
  readonly #socket: Socket;
  readonly #options: ClientOptions;
  readonly #cutter = new FrameCutter();
  #next = 0;
  #isDiscarding = false;

  constructor(port: number, options: ClientOptions = {}) {
    this.#options = options;
    this.#socket =
      options.ca === undefined
        ? connectTcp({ port, host: "127.0.0.1" })
        : connectTls({ port, host: "127.0.0.1", servername: "localhost", ca: options.ca, ...options.client });
    let error = "";
    this.#socket.on("data", (chunk) => this.#receive(Buffer.from(chunk)));
    this.#socket.on("error", (cause: NodeJS.ErrnoException) => {
      error = cause.code ?? cause.message;
    });
    this.closed = new Promise((resolve) => {
      this.#socket.on("end", () => resolve("end"));
      this.#socket.on("close", () => resolve(error));
    });
  }

  /** Sends a message under the next number, or one of the caller's. */
  send(
    msgType: string,
    fields: readonly FixField[] = [],
    header: { sequence?: number; isPossDup?: boolean; sender?: string } = {},
  ): void {
    const { target = "LP" } = this.#options;
    const sender = header.sender ?? this.#options.sender ?? "EDGE";
    const sequence = header.sequence ?? this.nextSequence++;
    const sendingTime = "20231114-22:13:20.000";
    const isPossDup = header.isPossDup === true;
    this.sendBytes(
      buildMessage({ beginString: "FIX.4.4", msgType, sequence, sender, target, sendingTime, isPossDup }, fields),
    );
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** A Logon; resets the numbers unless told not to. */
  logon(fields: readonly FixField[] = [[141, "Y"]], heartbeatS = 30): void {
    this.send("A", [[98, "0"], [108, String(heartbeatS)], ...fields]);
  }

  /** Logs on and takes the answer. */
  async loggedOn(fields?: readonly FixField[]): Promise<SeenMessage> {
    this.logon(fields);
    return await this.expect("A");
  }

  /** A MarketDataRequest for bids and offers with updates. */
  subscribe(
    requestId: string,
    symbols: readonly string[],
    extra: { depth?: number; fields?: readonly FixField[] } = {},
  ): void {
    this.send("V", [
      [262, requestId],
      [263, "1"],
      [264, String(extra.depth ?? 1)],
      ...(extra.fields ?? [[265, "1"]]),
      [267, "2"],
      [269, "0"],
      [269, "1"],
      [146, String(symbols.length)],
      ...symbols.map((symbol): FixField => [55, symbol]),
    ]);
  }

  /** The next message not yet taken. */
  async next(): Promise<SeenMessage> {
    await this.until(() => this.messages.length > this.#next);
    return this.messages[this.#next++];
  }

  /** The next message not yet taken, which must be of this type. */
  async expect(msgType: string): Promise<SeenMessage> {
    const message = await this.next();
    if (message.msgType !== msgType) throw new Error(`Wanted ${msgType}, got ${message.text}`);
    return message;
  }

  /** Messages that have arrived and were not taken. */
  takeAll(): SeenMessage[] {
    const rest = this.messages.slice(this.#next);
    this.#next = this.messages.length;
    return rest;
  }

  /** Waits for something that arriving bytes make true. */
  async until(isTrue: () => boolean): Promise<void> {
    const deadline = Date.now() + WAIT_LIMIT_MS;
    while (!isTrue()) {
      if (Date.now() > deadline) {
        throw new Error(`Cannot see what was waited for: got ${this.messages.map(({ text }) => text).join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Resets the connection. */
  vanish(): void {
    this.#socket.resetAndDestroy();
  }

  /** From now on what comes is read and thrown away. */
  discard(): void {
    this.#isDiscarding = true;
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause();
  }

  #receive(chunk: Buffer): void {
    if (this.#isDiscarding) return;
    this.reads.push(chunk.length);
    for (const piece of this.#cutter.cut(chunk)) this.messages.push(seen(piece));
  }
}

/** The value of the first field with this tag. */
export function textOf(message: SeenMessage, tag: number): string | null {
  return message.fields.find((field) => field[0] === tag)?.[1] ?? null;
}

function seen(piece: Buffer): SeenMessage {
  const text = readable(piece);
  const fields = text
    .split("|")
    .slice(0, -1)
    .map((field): FixField => [Number(field.slice(0, field.indexOf("="))), field.slice(field.indexOf("=") + 1)]);
  const find = (tag: number) => fields.find((field) => field[0] === tag)?.[1] ?? "";
  const hasRightSum = withCheckSum(piece.subarray(0, -TRAILER_BYTES)).equals(piece);
  return { msgType: find(35), sequence: Number(find(34)), fields, text, hasRightSum, bytes: piece };
}

/** An LP on a clock that stands still, and clients to it; everything ends with `stop`. */
export class LpBench {
  readonly clock = new FakeClock();
  readonly lp: FixSimulator;
  readonly #clients: FixClient[] = [];

  constructor(options: Partial<FixSimulatorOptions> = {}) {
    this.lp = startFixSimulator({ venue: "fix-generic", seed: 1, ratePerSecond: 10, clock: this.clock, ...options });
  }

  connect(options?: ClientOptions): FixClient {
    const client = new FixClient(this.lp.port, options);
    this.#clients.push(client);
    return client;
  }

  /** A client that has logged on. */
  async loggedOn(options?: ClientOptions): Promise<FixClient> {
    const client = this.connect(options);
    await client.loggedOn();
    return client;
  }

  /** A client that has the first snapshot of one symbol. */
  async subscribed(symbol: string, extra?: { depth?: number }): Promise<FixClient> {
    const client = await this.loggedOn();
    client.subscribe("r1", [symbol], extra);
    await client.until(() => client.messages.length === 2);
    client.takeAll();
    return client;
  }

  /** Lets `ms` pass, and what was sent meanwhile arrive: a TestRequest behind it tells. */
  async pass(client: FixClient, ms: number): Promise<SeenMessage[]> {
    await this.clock.advance(ms);
    return await this.drain(client);
  }

  /** All that was sent until now; the client's TestRequest is answered behind it. */
  async drain(client: FixClient): Promise<SeenMessage[]> {
    const id = `mark-${client.nextSequence}`;
    client.send("1", [[112, id]]);
    const isMark = (message: SeenMessage) => message.msgType === "0" && textOf(message, 112) === id;
    await client.until(() => client.messages.some(isMark));
    return client.takeAll().filter((message) => !isMark(message));
  }

  stop(): void {
    for (const client of this.#clients) client.vanish();
    this.lp.stop();
  }
}
