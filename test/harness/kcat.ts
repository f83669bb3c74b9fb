/** How long one kcat run may take. */
const TIMEOUT_DEFAULT_MS = 30_000;

/** One record as kcat (librdkafka, which shares no code with us) read it. */
export interface KcatRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Record timestamp, ms since the epoch. */
  readonly timestampMs: number;
  /** Name and value pairs in the order of the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly key: string | null;
  readonly value: string | null;
}

/** The same for keys and values that are not text. */
export interface KcatBinaryRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** How a topic is read. */
export interface KcatReadOptions {
  /** Waits until so many records have come. Absent: reads from the first to the last record there is, then ends. */
  readonly count?: number;
  /** Only this partition; all of them when absent. */
  readonly partition?: number;
  /** 30 s when absent. */
  readonly timeoutMs?: number;
  /** librdkafka properties for TLS and SASL, e.g. `security.protocol`. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** Reads all partitions of a topic; keys, values and headers must be UTF-8. librdkafka checks every batch's CRC. */
export async function readTopicWithKcat(
  bootstrap: string,
  topic: string,
  options: KcatReadOptions = {},
): Promise<KcatRecord[]> {
  const output = await runKcat([...readArguments(bootstrap, topic, options), "-J"], options);
  return output
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map(parseJsonRecord);
}

/** Reads all partitions of a topic without its headers; keys and values may be any bytes. */
export async function readTopicBytesWithKcat(
  bootstrap: string,
  topic: string,
  options: KcatReadOptions = {},
): Promise<KcatBinaryRecord[]> {
  const output = await runKcat([...readArguments(bootstrap, topic, options), "-f", "%p %o %T %K %S\n%k%s"], options);
  const records: KcatBinaryRecord[] = [];
  for (let at = 0; at < output.length; ) {
    const lineEnd = output.indexOf(10, at);
    const [partition, offset, timestampMs, keyLength, valueLength] = output
      .toString("latin1", at, lineEnd)
      .split(" ")
      .map(Number);
    const key = sliceOrNull(output, lineEnd + 1, keyLength);
    const valueAt = lineEnd + 1 + Math.max(0, keyLength);
    const value = sliceOrNull(output, valueAt, valueLength);
    records.push({ partition, offset, timestampMs, key, value });
    at = valueAt + Math.max(0, valueLength);
  }
  return records;
}

function readArguments(bootstrap: string, topic: string, options: KcatReadOptions): string[] {
  const properties = Object.entries(options.properties ?? {}).flatMap(([name, value]) => ["-X", `${name}=${value}`]);
  const end = options.count === undefined ? ["-e"] : ["-c", String(options.count)];
  // Half a second of waiting at the end of the topic is the default.
  const fixed = ["-X", "check.crcs=true", "-X", "fetch.wait.max.ms=20"];
  const partition = options.partition === undefined ? [] : ["-p", String(options.partition)];
  return ["-C", "-q", "-b", bootstrap, "-t", topic, ...partition, "-o", "beginning", ...end, ...fixed, ...properties];
}

async function runKcat(args: readonly string[], options: KcatReadOptions): Promise<Buffer> {
  if (Bun.which("kcat") === null) throw new Error("Cannot read Kafka independently: `kcat` is not on the PATH");
  const timeoutMs = options.timeoutMs ?? TIMEOUT_DEFAULT_MS;
  const child = Bun.spawn(["kcat", ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const [output, complaint] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
  ]);
  const exitCode = await child.exited;
  if (exitCode !== 0) {
    const end =
      child.signalCode === null ? `exit code ${exitCode}` : `ended by ${child.signalCode} (limit ${timeoutMs} ms)`;
    throw new Error(`Cannot read '${options.count ?? "all"}' records with kcat: ${end}\n${complaint}`);
  }
  return Buffer.from(output.buffer, output.byteOffset, output.length);
}

interface KcatJson {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

function parseJsonRecord(line: string): KcatRecord {
  const json = JSON.parse(line) as KcatJson;
  const flat = json.headers ?? [];
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) headers.push([flat[i], flat[i + 1]]);
  return {
    topic: json.topic,
    partition: json.partition,
    offset: json.offset,
    timestampMs: json.ts,
    headers,
    key: json.key,
    value: json.payload,
  };
}

function sliceOrNull(bytes: Buffer, at: number, length: number): Buffer | null {
  return length < 0 ? null : bytes.subarray(at, at + length);
}
