import type { Subprocess } from "bun";
import { installKfake } from "./kafka-kfake-install.ts";

/** For `beforeAll(…, KFAKE_START_TIMEOUT_MS)`: long enough also when it must be compiled first. */
export const KFAKE_START_TIMEOUT_MS = 300_000;

const PRODUCE = 0;
const INIT_PRODUCER_ID = 22;

/** One produce request of one partition as it went over the wire. */
export interface SeenAttempt {
  /** The broker's port. */
  readonly port: number;
  readonly partition: number;
  readonly producerId: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly records: number;
  /** What the broker decided. */
  readonly code: number;
  /** What the client got: the broker's answer, another code, a closed connection, or nothing. */
  readonly told: "answer" | "bent" | "closed" | "nothing";
}

/** What a fault is aimed at. */
export interface FaultAim {
  readonly topic: string;
  /** So many times, then all is well. */
  readonly count: number;
}

/** A cluster of three brokers on franz-go's kfake, which shares no code with us: `test/harness/kfake/main.go`. */
export class Kfake {
  /** Addresses by node id. */
  readonly brokers: readonly string[];
  readonly #child: Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: LineReader;

  private constructor(child: Subprocess<"pipe", "pipe", "inherit">, lines: LineReader, brokers: readonly string[]) {
    this.#child = child;
    this.#lines = lines;
    this.brokers = brokers;
  }

  /** Resolves once it listens. */
  static async start(): Promise<Kfake> {
    const program = await installKfake();
    // It ends with its standard input, so it outlives no test run whatever ends it.
    const child = Bun.spawn([program], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    child.unref();
    const lines = new LineReader(child.stdout.getReader());
    const { brokers } = (await lines.next()) as { brokers: string[] };
    return new Kfake(child, lines, brokers);
  }

  async createTopic(topic: string, partitions: number, configs: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#obey({ do: "topic", topic, partitions, configs });
  }

  /** Another broker leads the partition from now on. */
  async move(topic: string, partition: number, node: number): Promise<void> {
    await this.#obey({ do: "move", topic, partition, node });
  }

  /** The next produce requests are answered with the code and nothing is written. */
  async failBefore(code: number, { topic, count }: FaultAim): Promise<void> {
    await this.#obey({ do: "fault-before", key: PRODUCE, topic, code, count });
  }

  /** The next produce requests are carried out, and then answered with the code. */
  async failAfter(code: number, { topic, count }: FaultAim): Promise<void> {
    await this.#obey({ do: "fault-after", topic, code, count });
  }

  /** The next produce requests are carried out, and then the answer is lost: the connection breaks, or stays silent. */
  async loseAnswers(how: "close" | "silent", { topic, count }: FaultAim): Promise<void> {
    await this.#obey({ do: `${how}-after`, topic, count });
  }

  /** The next questions for a producer id, whoever asks, are answered with the code. */
  async refuseProducerIds(code: number, count: number): Promise<void> {
    await this.#obey({ do: "fault-before", key: INIT_PRODUCER_ID, code, count });
  }

  /** Every produce request of the topic that came, in order. */
  async journal(topic: string): Promise<SeenAttempt[]> {
    const { journal } = (await this.#obey({ do: "journal", topic })) as { journal: SeenAttempt[] };
    return journal;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  /** One command at a time: the caller awaits each. */
  async #obey(command: object): Promise<object> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    await this.#child.stdin.flush();
    const answer = (await this.#lines.next()) as { error?: string };
    if (answer.error !== undefined) throw new Error(`Cannot ${JSON.stringify(command)}: ${answer.error}`);
    return answer;
  }
}

/** Reads JSON lines. */
class LineReader {
  readonly #reader: { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> };
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(reader: { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> }) {
    this.#reader = reader;
  }

  async next(): Promise<object> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return JSON.parse(line) as object;
      }
      const { done, value } = await this.#reader.read();
      if (done) throw new Error("Cannot read from kfake: it has ended");
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }
}
