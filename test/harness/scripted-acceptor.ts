import type { Socket, TCPSocketListener } from "bun";
import { readFields } from "../../src/fix/field-reader.ts";
import type { FixFrame } from "../../src/fix/fix-frame.ts";
import { unpackMsgType } from "../../src/fix/fix-frame.ts";
import { FrameScanner } from "../../src/fix/frame-scanner.ts";
import { buildMessage, MessageBuilder } from "../../src/fix/message-builder.ts";
import { MsgType, Tag } from "../../src/fix/tags.ts";
import { formatUtcTimestamp } from "../../src/fix/utc-timestamp.ts";
import type { FixField } from "../../src/venues/compiled-fix-venue.ts";
import { eventually } from "./fake-venue-server.ts";

/** Longest message the acceptor reads, bytes. */
const MESSAGE_BYTES_MAX = 1_000_000;
/** Messages the acceptor can send again. */
const HISTORY_MAX = 10_000;
/** Messages written at a time in a flood. */
const FLOOD_BATCH = 200;

/** Key, certificate and, for mutual TLS, the authority of the clients; PEM. */
export interface AcceptorTls {
  readonly key: string;
  readonly cert: string;
  readonly clientCa?: string;
}

/** One message as the acceptor has read it. */
export class ReceivedMessage {
  readonly type: string;
  readonly fields: readonly FixField[];

  constructor(frame: FixFrame) {
    this.type = unpackMsgType(frame.msgType);
    this.fields = readFields(frame);
  }

  /** The value of the first field with this tag; null when there is none. */
  get(tag: number): string | null {
    return this.fields.find(([fieldTag]) => fieldTag === tag)?.[1] ?? null;
  }

  /** The values of all fields with this tag, in order. */
  all(tag: number): string[] {
    return this.fields.filter(([fieldTag]) => fieldTag === tag).map(([, value]) => value);
  }
}

/** The numbers of one session as the acceptor sees them. */
export interface AcceptorNumbers {
  nextOutgoing: number;
  nextIncoming: number;
}

/** What a message may be beside its type and fields. */
export interface SendOptions {
  /** Written over CheckSum (10): the message is lost on the way, and can be asked for again. */
  readonly isBroken?: boolean;
  /** The number in place of the next one, which is not consumed. */
  readonly sequence?: number;
}

/** A message that was sent. */
interface SentMessage {
  readonly type: string;
  readonly fields: readonly FixField[];
}

/** One connection of an initiator under test. */
export class AcceptorConnection {
  readonly received: ReceivedMessage[] = [];
  numbers: AcceptorNumbers;
  isLoggedOn = false;
  isClosed = false;
  /** Nothing is written any more, and nothing is closed: the link looks half-open. */
  isMuted = false;
  readonly #acceptor: ScriptedAcceptor;
  readonly #socket: Socket<unknown>;
  readonly #scanner: FrameScanner;
  readonly #history = new Map<number, SentMessage>();
  #unsent: Uint8Array[] = [];
  #onDrain: () => void = () => {};

  constructor(acceptor: ScriptedAcceptor, socket: Socket<unknown>) {
    this.#acceptor = acceptor;
    this.#socket = socket;
    this.numbers = acceptor.numbers;
    this.#scanner = new FrameScanner({
      maxMessageBytes: MESSAGE_BYTES_MAX,
      listener: { onFrame: (frame) => this.#take(new ReceivedMessage(frame)), onGarbage: () => {} },
    });
  }

  /** Sends one message under the next number; returns the number. */
  send(type: string, fields: readonly FixField[], options: SendOptions = {}): number {
    const sequence = options.sequence ?? this.numbers.nextOutgoing++;
    if (this.#history.size < HISTORY_MAX) this.#history.set(sequence, { type, fields });
    const bytes = buildMessage(this.#header(type, sequence), fields);
    // The sum is of the bytes before it: another last digit is never right.
    if (options.isBroken === true) bytes[bytes.length - 2] = bytes[bytes.length - 2] === 0x30 ? 0x31 : 0x30;
    this.sendBytes(bytes);
    return sequence;
  }

  /** Takes numbers that are never sent: a hole. */
  skip(count: number): void {
    this.numbers.nextOutgoing += count;
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.isMuted || this.isClosed) return;
    this.#unsent.push(bytes);
    if (this.#unsent.length === 1) this.#flush();
  }

  /** Sends the message again and again, as fast as it is taken, until the connection ends; other work gets its turn. */
  flood(type: string, fields: readonly FixField[]): void {
    const builder = new MessageBuilder();
    const pump = () => {
      if (this.#unsent.length > 0 || this.isClosed || this.isMuted) return;
      const batch: Uint8Array[] = [];
      for (let i = 0; i < FLOOD_BATCH; i++) {
        builder.header(this.#header(type, this.numbers.nextOutgoing++));
        builder.fields(fields);
        batch.push(builder.finish().slice());
      }
      this.sendBytes(Buffer.concat(batch));
      if (this.#unsent.length === 0) setImmediate(pump);
    };
    this.#onDrain = pump;
    pump();
  }

  /** Ends the connection in good order, without a Logout. */
  end(): void {
    this.#socket.end();
  }

  /** Ends the connection with a reset. */
  drop(): void {
    this.isClosed = true;
    this.#socket.terminate();
  }

  /** Resolves with the message of this type that was received as the `count`-th. */
  async receives(type: string, count = 1): Promise<ReceivedMessage> {
    const found = () => this.received.filter((message) => message.type === type);
    await eventually(() => found().length >= count, `${count} × ${type} from the initiator`);
    return found()[count - 1];
  }

  takeBytes(bytes: Uint8Array): void {
    this.#scanner.feed(bytes);
  }

  /** The socket takes more again. */
  onWritable(): void {
    this.#flush();
    if (this.#unsent.length === 0) this.#onDrain();
  }

  /** Writes what waits, as far as the socket takes it. */
  #flush(): void {
    while (this.#unsent.length > 0 && !this.isClosed) {
      const bytes = this.#unsent[0];
      const written = this.#socket.write(bytes);
      if (written < 0) return;
      if (written < bytes.length) {
        this.#unsent[0] = bytes.subarray(written);
        return;
      }
      this.#unsent.shift();
    }
  }

  #header(msgType: string, sequence: number): Parameters<typeof buildMessage>[0] {
    const { sender, target } = this.#acceptor;
    const sendingTime = formatUtcTimestamp(Date.now() * 1000, 3);
    return { beginString: "FIX.4.4", msgType, sequence, sender, target, sendingTime };
  }

  #take(message: ReceivedMessage): void {
    this.received.push(message);
    const sequence = Number(message.get(Tag.msgSeqNum));
    const isReset = message.type === MsgType.logon && message.get(Tag.resetSeqNumFlag) === "Y";
    if (isReset) {
      this.numbers = { nextOutgoing: 1, nextIncoming: 1 };
      this.#acceptor.numbers = this.numbers;
    }
    this.numbers.nextIncoming = sequence + 1;
    if (!this.#acceptor.onMessage(this, message)) this.#answer(message);
  }

  #answer(message: ReceivedMessage): void {
    if (message.type === MsgType.logon) this.logOn(message);
    else if (message.type === MsgType.testRequest) {
      this.send(MsgType.heartbeat, [[Tag.testReqId, message.get(Tag.testReqId) ?? ""]]);
    } else if (message.type === MsgType.resendRequest) this.#sendAgain(Number(message.get(Tag.beginSeqNo)));
    else if (message.type === MsgType.logout) {
      if (this.isLoggedOn) this.send(MsgType.logout, []);
      this.isLoggedOn = false;
      this.end();
    }
  }

  /** Answers a Logon with one. */
  logOn(message: ReceivedMessage, fields: readonly FixField[] = []): void {
    this.isLoggedOn = true;
    const reset: FixField[] = message.get(Tag.resetSeqNumFlag) === "Y" ? [[Tag.resetSeqNumFlag, "Y"]] : [];
    const heartbeat = message.get(Tag.heartBtInt) ?? "30";
    this.send(MsgType.logon, [[Tag.encryptMethod, "0"], [Tag.heartBtInt, heartbeat], ...reset, ...fields]);
  }

  /** Answers a ResendRequest: what is known is sent again, numbers without a message worth it are filled over. */
  #sendAgain(from: number): void {
    const next = this.numbers.nextOutgoing;
    for (let sequence = from; sequence < next; ) {
      const sent = this.#history.get(sequence);
      if (sent !== undefined && isWorthResending(sent.type)) {
        this.#sendOld(sequence++, sent.type, sent.fields);
        continue;
      }
      let to = sequence + 1;
      while (to < next && !isWorthResending(this.#history.get(to)?.type ?? MsgType.heartbeat)) to++;
      this.#sendOld(sequence, MsgType.sequenceReset, [
        [Tag.gapFillFlag, "Y"],
        [Tag.newSeqNo, String(to)],
      ]);
      sequence = to;
    }
  }

  #sendOld(sequence: number, type: string, fields: readonly FixField[]): void {
    const header = this.#header(type, sequence);
    this.sendBytes(buildMessage({ ...header, isPossDup: true, origSendingTime: header.sendingTime }, fields));
  }
}

/** An LP on loopback that a test plays by hand, on our own wire code. It does what a session must unless told otherwise. */
export class ScriptedAcceptor {
  /** All that were accepted, in order. */
  readonly connections: AcceptorConnection[] = [];
  /** What it calls itself (49 of what it sends), and the initiator. */
  sender = "LP";
  target = "US";
  /** Kept from one connection to the next, until a Logon has 141=Y. */
  numbers: AcceptorNumbers = { nextOutgoing: 1, nextIncoming: 1 };
  /** Called for each message before it is answered; true = the test has answered it. */
  onMessage: (connection: AcceptorConnection, message: ReceivedMessage) => boolean = () => false;
  readonly #listener: TCPSocketListener<unknown>;

  constructor(tls?: AcceptorTls) {
    const byPeer = new Map<Socket<unknown>, AcceptorConnection>();
    this.#listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      ...(tls === undefined ? {} : { tls: serverTls(tls) }),
      socket: {
        open: (socket) => {
          const connection = new AcceptorConnection(this, socket);
          byPeer.set(socket, connection);
          this.connections.push(connection);
        },
        data: (socket, bytes) => byPeer.get(socket)?.takeBytes(bytes),
        drain: (socket) => byPeer.get(socket)?.onWritable(),
        close: (socket) => {
          const connection = byPeer.get(socket);
          if (connection !== undefined) connection.isClosed = true;
        },
        error: () => {},
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  get openConnections(): number {
    return this.connections.filter(({ isClosed }) => !isClosed).length;
  }

  /** The connection accepted last. */
  get newest(): AcceptorConnection {
    return this.connections[this.connections.length - 1];
  }

  /** Resolves with the `count`-th connection once the initiator is logged on over it. */
  async loggedOn(count = 1): Promise<AcceptorConnection> {
    await eventually(() => this.connections[count - 1]?.isLoggedOn === true, `logon ${count}`);
    return this.connections[count - 1];
  }

  stop(): void {
    this.#listener.stop(true);
  }
}

function isWorthResending(type: string): boolean {
  return type.length > 1 || !"012345A".includes(type);
}

function serverTls({ key, cert, clientCa }: AcceptorTls): Bun.TLSOptions {
  const server = { key, cert };
  return clientCa === undefined ? server : { ...server, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}
