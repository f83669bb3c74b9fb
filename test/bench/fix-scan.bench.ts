/*
 * What reading FIX market data costs, bytes to fields: `bun test/bench/fix-scan.bench.ts [--no-java]`, and the end of
 * `./build.sh bench fix`. Prints a table; no
 * limit is tested, for times are the machine's. The best round counts, which is the least disturbed one; the ratios, taken
 * in one run on one machine, are the figures to trust.
 *
 * W: snapshots of 2 entries. M: 80 % increments of 1 to 4 entries, 20 % such snapshots. All readers get the same bytes.
 */
import "reflect-metadata";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AsciiParser } from "jspurefix/dist/buffer/ascii/ascii-parser.js";
import type { MsgView } from "jspurefix/dist/buffer/msg-view.js";
import { sessionDictionaries } from "../../src/adapters/fix/engine/dictionaries.ts";
import { SessionParts } from "../../src/adapters/fix/engine/session-parts.ts";
import { FrameScanner } from "../../src/fix/frame-scanner.ts";
import { MarketDataScanner } from "../../src/fix/market-data-scanner.ts";
import { MessageBuilder } from "../../src/fix/message-builder.ts";
import { javaClasspath } from "../harness/fix-peers-install.ts";

const MESSAGES = 20_000;
const CHUNK_BYTES = 16_384;
const MESSAGE_BYTES_MAX = 65_536;
const ROUND_MS = 150;
const ROUNDS = 10;
const JAVA_ROUND_S = 0.7;
const SYMBOLS = ["EUR/USD", "GBP/USD", "USD/JPY", "AUD/USD", "USD/CHF"];

/** One file of messages. */
interface Load {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly chunks: readonly Uint8Array[];
}

/** Reads a whole load; returns how many messages it read. */
type Reader = (load: Load) => number;

function createLoad(title: string, typeOf: (n: number) => "W" | "X"): Load {
  const builder = new MessageBuilder();
  const messages: Uint8Array[] = [];
  for (let n = 1; n <= MESSAGES; n++) {
    const msgType = typeOf(n);
    const sendingTime = `20240502-07:49:${String(n % 60).padStart(2, "0")}.${String(n % 1000).padStart(3, "0")}`;
    builder.header({ beginString: "FIX.4.4", msgType, sequence: n, sender: "LPALPHA", target: "CLIENT", sendingTime });
    const symbol = SYMBOLS[n % SYMBOLS.length];
    builder.text(262, "R1");
    if (msgType === "W") builder.text(55, symbol);
    const count = msgType === "W" ? 2 : 1 + (n % 4);
    builder.number(268, count);
    for (let i = 0; i < count; i++) addEntry(builder, { msgType, symbol, n, i });
    messages.push(builder.finish().slice());
  }
  const bytes = Buffer.concat(messages);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES));
  return { title, bytes, chunks };
}

function addEntry(
  builder: MessageBuilder,
  { msgType, symbol, n, i }: { msgType: "W" | "X"; symbol: string; n: number; i: number },
): void {
  if (msgType === "X") builder.number(279, (n + i) % 3);
  builder.number(269, i % 2);
  builder.number(278, n + i);
  if (msgType === "X") builder.text(55, symbol);
  builder.text(270, `1.${String((n * 37 + i) % 100_000).padStart(5, "0")}`);
  builder.number(271, 1_000_000 * (1 + ((n + i) % 5)));
}

function frameReader(): Reader {
  let count = 0;
  const scanner = new FrameScanner({
    maxMessageBytes: MESSAGE_BYTES_MAX,
    listener: { onFrame: () => void count++, onGarbage: fail },
  });
  return ({ chunks }) => {
    count = 0;
    for (const chunk of chunks) scanner.feed(chunk);
    return count;
  };
}

function marketDataReader(): Reader {
  let count = 0;
  let entries = 0;
  const marketData = new MarketDataScanner({
    symbolTag: 55,
    requestIdTag: 262,
    time: "sendingTime",
    levelTag: 0,
    hasRptSeq: false,
    quoteKey: "symbol",
  });
  const scanner = new FrameScanner({
    maxMessageBytes: MESSAGE_BYTES_MAX,
    listener: {
      onFrame: (frame) => {
        if (!marketData.scan(frame)) fail();
        entries += marketData.message.count;
        count++;
      },
      onGarbage: fail,
    },
  });
  return ({ chunks }) => {
    count = 0;
    for (const chunk of chunks) scanner.feed(chunk);
    return entries > 0 ? count : 0;
  };
}

/** jspurefix's own way: its parser, its dictionary (ours, trimmed), one object per message. */
function jspurefixReader(use: (view: MsgView & { toObject(): unknown }) => void): Reader {
  const { session } = sessionDictionaries(null);
  const parts = new SessionParts(session, MESSAGE_BYTES_MAX);
  const config = { definitions: session, delimiter: 1, logDelimiter: 1, sessionContainer: parts };
  const parser = new AsciiParser(config, null, parts.parseBuffer, MESSAGE_BYTES_MAX);
  let count = 0;
  parser.on("msg", (_msgType: string, view: MsgView & { toObject(): unknown }) => {
    use(view);
    count++;
  });
  return ({ chunks }) => {
    count = 0;
    for (const chunk of chunks) parser.parseBuffer(chunk as Buffer);
    return count;
  };
}

function fail(): never {
  throw new Error("Cannot measure: the load was not read whole");
}

/** Thousand messages a second: the best round. */
function measure(load: Load, read: Reader): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const startNs = Bun.nanoseconds();
    let count = 0;
    while (Bun.nanoseconds() - startNs < ROUND_MS * 1e6) count += read(load);
    best = Math.max(best, count / ((Bun.nanoseconds() - startNs) / 1e6));
    if (count % MESSAGES !== 0) fail();
  }
  return best;
}

/** Thousand messages a second that QuickFIX/J parses, and parses and reads; null when it is not wanted. */
async function measureJava(load: Load): Promise<readonly [parse: number, read: number] | null> {
  if (process.argv.includes("--no-java")) return null;
  const folder = mkdtempSync(join(tmpdir(), "fix-scan-"));
  try {
    const file = join(folder, "load.fix");
    writeFileSync(file, load.bytes);
    const run = Bun.spawnSync(["java", "-cp", await javaClasspath(), "peer.ParseBench", file, String(JAVA_ROUND_S)]);
    if (run.exitCode !== 0) throw new Error(`Cannot run QuickFIX/J: ${run.stderr.toString()}`);
    const line = JSON.parse(run.stdout.toString());
    return [line.parseThousandPerSecond, line.readThousandPerSecond];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints what each reader takes for the same messages. */
export async function benchScan(): Promise<void> {
  const loads = [createLoad("W", () => "W"), createLoad("M", (n) => (n % 5 === 0 ? "W" : "X"))];
  const scanFrames = frameReader();
  const scanMarketData = marketDataReader();
  const parseObject = jspurefixReader((view) => void view.toObject());
  const parseOnly = jspurefixReader(() => undefined);

  for (const load of loads) {
    const ours = measure(load, scanMarketData);
    const java = await measureJava(load);
    const rows: [string, number][] = [
      ["frames and market data (ours)", ours],
      ["frames alone (ours)", measure(load, scanFrames)],
      ["jspurefix, to object", measure(load, parseObject)],
      ["jspurefix, parse alone", measure(load, parseOnly)],
    ];
    if (java !== null) rows.push(["QuickFIX/J, parse", java[0]], ["QuickFIX/J, parse and read entries", java[1]]);
    console.log(`${load.title}: ${MESSAGES} messages of ${Math.round(load.bytes.length / MESSAGES)} bytes`);
    console.table(
      rows.map(([reader, rate]) => ({
        reader,
        "k msg/s": Math.round(rate),
        "ns/msg": Math.round(1e6 / rate),
        "ours is faster": `${(ours / rate).toFixed(1)}×`,
      })),
    );
  }
}

if (import.meta.main) await benchScan();
