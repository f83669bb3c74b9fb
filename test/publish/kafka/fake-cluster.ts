import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** What a fake broker does with a produce request: answers with this code, says nothing, or hangs up. */
export type ProduceReaction = number | "silent" | "close";

/** One produce request as a broker saw it. */
export interface SeenProduce {
  readonly nodeId: number;
  readonly topic: string;
  readonly partition: number;
  readonly acks: number;
  readonly timeoutMs: number;
  readonly batch: Buffer;
}

const API_PRODUCE = 0;
const API_METADATA = 3;
const API_VERSIONS = 18;
const API_INIT_PRODUCER_ID = 22;

/** Brokers of our own making that speak as much of Kafka's protocol as a transport needs, with faults on command. */
export class FakeCluster {
  /** Leaders (node ids) of each partition by topic; −1: none. */
  readonly topics = new Map<string, number[]>();
  /** Error codes of topics in metadata answers. */
  readonly topicErrors = new Map<string, number>();
  readonly produced: SeenProduce[] = [];
  /** Reactions to the next produce requests; afterwards 0. */
  readonly reactions: ProduceReaction[] = [];
  /** Called before each produce reaction. */
  onProduce: (request: SeenProduce) => void = () => {};
  /** Added to every produce answer, ms. */
  throttleMs = 0;
  /** Version range of produce as told. */
  produceVersions: readonly [number, number] = [3, 11];
  producerIdError = 0;
  /** Brokers that take connections and never answer. */
  readonly mute = new Set<number>();
  metadataRequests = 0;
  readonly #brokers = new Map<number, FakeBroker>();
  #producerId = 1000n;

  static async start(nodeIds: readonly number[]): Promise<FakeCluster> {
    const cluster = new FakeCluster();
    for (const nodeId of nodeIds) await cluster.startBroker(nodeId);
    return cluster;
  }

  async startBroker(nodeId: number, port = 0): Promise<void> {
    const broker = new FakeBroker((request) => this.#answer(nodeId, request));
    await broker.listen(port);
    this.#brokers.set(nodeId, broker);
  }

  address(nodeId: number): string {
    return `127.0.0.1:${this.broker(nodeId).port}`;
  }

  broker(nodeId: number): FakeBroker {
    const broker = this.#brokers.get(nodeId);
    if (broker === undefined) throw new Error(`Cannot find fake broker ${nodeId}`);
    return broker;
  }

  async stopBroker(nodeId: number): Promise<void> {
    await this.#brokers.get(nodeId)?.stop();
    this.#brokers.delete(nodeId);
  }

  async stop(): Promise<void> {
    for (const nodeId of [...this.#brokers.keys()]) await this.stopBroker(nodeId);
  }

  #answer(nodeId: number, { apiKey, body }: FakeRequest): Buffer | "silent" | "close" {
    if (this.mute.has(nodeId)) return "silent";
    switch (apiKey) {
      case API_VERSIONS:
        return this.#versions();
      case API_METADATA:
        return this.#metadata(body);
      case API_INIT_PRODUCER_ID:
        return Buffer.concat([i32(0), i16(this.producerIdError), i64(this.#producerId++), i16(0)]);
      case API_PRODUCE:
        return this.#produce(nodeId, body);
      default:
        return "close";
    }
  }

  #versions(): Buffer {
    const ranges = [
      [API_PRODUCE, ...this.produceVersions],
      [API_METADATA, 0, 12],
      [API_VERSIONS, 0, 4],
      [API_INIT_PRODUCER_ID, 0, 5],
    ];
    const rows = ranges.map(([key, min, max]) => Buffer.concat([i16(key), i16(min), i16(max)]));
    return Buffer.concat([i16(0), array(rows), i32(0)]);
  }

  #metadata(body: Buffer): Buffer {
    this.metadataRequests++;
    const brokers = [...this.#brokers].map(([nodeId, broker]) =>
      Buffer.concat([i32(nodeId), text("127.0.0.1"), i32(broker.port), i16(-1)]),
    );
    const topics = readTexts(body).map((topic) => {
      const leaders = this.topics.get(topic) ?? [];
      const error = this.topicErrors.get(topic) ?? (leaders.length === 0 ? 3 : 0);
      const partitions = leaders.map((leader, partition) =>
        Buffer.concat([i16(leader < 0 ? 5 : 0), i32(partition), i32(leader), array([i32(1)]), array([]), array([])]),
      );
      return Buffer.concat([i16(error), text(topic), Buffer.of(0), array(partitions)]);
    });
    return Buffer.concat([i32(0), array(brokers), i16(-1), i32(1), array(topics)]);
  }

  #produce(nodeId: number, body: Buffer): Buffer | "silent" | "close" {
    const request = readProduce(nodeId, body);
    this.produced.push(request);
    this.onProduce(request);
    const reaction = this.reactions.shift() ?? 0;
    if (typeof reaction === "string") return reaction;
    const partition = [i32(request.partition), i16(reaction), i64(5n), i64(-1n), i64(0n)];
    const topic = Buffer.concat([text(request.topic), array([Buffer.concat(partition)])]);
    return Buffer.concat([array([topic]), i32(this.throttleMs)]);
  }
}

interface FakeRequest {
  readonly apiKey: number;
  readonly body: Buffer;
}

/** One listening broker. */
export class FakeBroker {
  readonly #answer: (request: FakeRequest) => Buffer | "silent" | "close";
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  acceptedTotal = 0;

  constructor(answer: (request: FakeRequest) => Buffer | "silent" | "close") {
    this.#answer = answer;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", resolve);
    });
  }

  dropConnections(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.dropConnections();
    await closed;
  }

  #accept(socket: Socket): void {
    this.acceptedTotal++;
    this.#sockets.add(socket);
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        const end = 4 + bytes.readInt32BE(0);
        this.#handle(socket, bytes.subarray(4, end));
        bytes = bytes.subarray(end);
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #handle(socket: Socket, frame: Buffer): void {
    const bodyAt = 10 + frame.readInt16BE(8);
    const answer = this.#answer({ apiKey: frame.readInt16BE(0), body: frame.subarray(bodyAt) });
    if (answer === "silent") return;
    if (answer === "close") {
      socket.destroy();
      return;
    }
    socket.write(Buffer.concat([i32(answer.length + 4), i32(frame.readInt32BE(4)), answer]));
  }
}

function readProduce(nodeId: number, body: Buffer): SeenProduce {
  const topicEnd = 14 + body.readInt16BE(12);
  return {
    nodeId,
    acks: body.readInt16BE(2),
    timeoutMs: body.readInt32BE(4),
    topic: body.toString("utf8", 14, topicEnd),
    partition: body.readInt32BE(topicEnd + 4),
    batch: Buffer.from(body.subarray(topicEnd + 12, topicEnd + 12 + body.readInt32BE(topicEnd + 8))),
  };
}

function readTexts(body: Buffer): string[] {
  const texts: string[] = [];
  let at = 4;
  for (let i = body.readInt32BE(0); i > 0; i--) {
    const end = at + 2 + body.readInt16BE(at);
    texts.push(body.toString("utf8", at + 2, end));
    at = end;
  }
  return texts;
}

function i16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function i64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([i16(Buffer.byteLength(value)), Buffer.from(value)]);
}

function array(items: readonly Buffer[]): Buffer {
  return Buffer.concat([i32(items.length), ...items]);
}
