import { createInterface } from "node:readline";
import { Readable } from "node:stream";

/** One line each: key, headers (`source=…,symbol=…,session=…,seq=…`), value without line ends. */
const FORMAT = "%k\t%h\t%s\n";
const SESSION = /(?:^|,)session=([^,]*)/;
const SEQUENCE = /(?:^|,)seq=(\d+)/;
const VENUE_SEQUENCE = /"venueSequence":"(\d+)"/;
const GAP_NOTE = '"gap":{';

/** What a topic holds, judged by the numbers in it alone. */
export interface StreamVerdict {
  readonly records: number;
  /** Records without the duplicates, by source. */
  readonly distinct: ReadonlyMap<string, number>;
  readonly duplicates: number;
  /** Numbers that came after a later one of their instrument and session. */
  readonly reordered: number;
  /** Our own numbers that are missing. */
  readonly missing: number;
  /** Jumps in the venue's numbers within a session without a note in the record, where the venue's numbers rise by one. */
  readonly untoldJumps: number;
}

interface Stream {
  last: number;
  venueLast: bigint | null;
  /** Numbers jumped over, for what may come late. */
  readonly holes: Set<number>;
}

/**
 * Judges millions of records one by one, in the memory of one: kcat reads the topic, each instrument's numbers must rise by
 * one. What a venue sent and we never took is seen by the venue's own numbers, which must rise by one as well.
 */
export async function judgeStream(bootstrap: string, topic: string): Promise<StreamVerdict> {
  if (Bun.which("kcat") === null) throw new Error("Cannot read Kafka independently: `kcat` is not on the PATH");
  const read = ["kcat", "-C", "-q", "-e", "-b", bootstrap, "-t", topic, "-o", "beginning", "-f", FORMAT];
  const child = Bun.spawn([...read, "-X", "check.crcs=true"], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const judge = new StreamJudge();
  for await (const line of createInterface({ input: Readable.fromWeb(child.stdout as never) })) judge.take(line);
  const complaint = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`Cannot read topic '${topic}' with kcat: ${complaint}`);
  return judge.verdict();
}

/** The judgement line by line; exported for its test. */
export class StreamJudge {
  readonly #streams = new Map<string, Stream>();
  readonly #distinct = new Map<string, number>();
  #records = 0;
  #duplicates = 0;
  #reordered = 0;
  #untoldJumps = 0;

  /** One record as {@link FORMAT} writes it. */
  take(line: string): void {
    const [key, headers] = line.split("\t", 2);
    const session = SESSION.exec(headers)?.[1] ?? "";
    const number = Number(SEQUENCE.exec(headers)?.[1]);
    this.#records++;
    const id = `${session}/${key}`;
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = { last: 0, venueLast: null, holes: new Set() };
      this.#streams.set(id, stream);
    }
    if (number <= stream.last && !stream.holes.has(number)) {
      this.#duplicates++;
      return;
    }
    const source = key.slice(0, key.indexOf(":"));
    this.#distinct.set(source, (this.#distinct.get(source) ?? 0) + 1);
    if (stream.holes.delete(number)) {
      this.#reordered++;
      return;
    }
    for (let missing = stream.last + 1; missing < number; missing++) stream.holes.add(missing);
    stream.last = number;
    this.#takeVenueNumber(stream, line);
  }

  /** The numbers so far. */
  verdict(): StreamVerdict {
    let missing = 0;
    for (const { holes } of this.#streams.values()) missing += holes.size;
    return {
      records: this.#records,
      distinct: this.#distinct,
      duplicates: this.#duplicates,
      reordered: this.#reordered,
      missing,
      untoldJumps: this.#untoldJumps,
    };
  }

  #takeVenueNumber(stream: Stream, line: string): void {
    const text = VENUE_SEQUENCE.exec(line)?.[1];
    const before = stream.venueLast;
    stream.venueLast = text === undefined ? null : BigInt(text);
    if (before === null || stream.venueLast === null || stream.venueLast === before + 1n) return;
    if (!line.includes(GAP_NOTE)) this.#untoldJumps++;
  }
}
