import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Feed } from "../../../src/adapters/feed.ts";
import { WebSocketAdapter } from "../../../src/adapters/websocket/websocket-adapter.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { FeedBench } from "../../harness/feed-bench.ts";
import { createTextVenue } from "../../harness/text-venue.ts";

/** Longer than every limit of the feed under test, ms. */
const STOPPED_MS = 2500;

/** A process of this folder, and the lines it prints. */
class Child {
  readonly process: Subprocess<"ignore", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  constructor(script: string, ...args: string[]) {
    this.process = Bun.spawn([process.execPath, join(import.meta.dir, script), ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#lines = readLines(this.process.stdout);
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("The process ended without a line");
    return value;
  }

  async end(): Promise<void> {
    this.process.kill("SIGCONT");
    this.process.kill("SIGKILL");
    await this.process.exited;
  }
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream) {
    rest += Buffer.from(chunk).toString();
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

const children: Child[] = [];

function spawn(script: string, ...args: string[]): Child {
  const child = new Child(script, ...args);
  children.push(child);
  return child;
}

afterEach(async () => {
  for (const child of children.splice(0)) await child.end();
});

describe("Stopped processes", () => {
  test("a venue that is stopped (SIGSTOP) is found half-open, and connected anew when it runs again", async () => {
    const venue = spawn("quoting-venue-program.ts");
    const url = await venue.line();
    const clock = new CountingClock();
    const policy = { staleAfterMs: 200, deadAfterMs: 400, initialDelayMs: 20, maxDelayMs: 100, maxRetries: 1000 };
    const bench = new FeedBench({ clock, symbols: ["A"], policy });
    const adapter = new WebSocketAdapter({
      venue: createTextVenue({ url }),
      turns: new TurnQueue(clock),
      handshakeLimitMs: 300,
    });
    const feed: Feed = bench.createFeed(adapter);
    feed.start();
    await eventually(() => bench.quotes.count > 0, "a quote");
    venue.process.kill("SIGSTOP");
    await eventually(() => bench.events.changes.includes("stale>backing-off:half_open"), "the watchdog");
    await eventually(() => feed.status().connections[0].lastError?.code === "handshake_timeout", "a failed handshake");
    venue.process.kill("SIGCONT");
    const before = bench.quotes.count;
    await eventually(() => bench.quotes.count > before && feed.state === "live", "quotes again");
    await feed.stop();
    expect(clock.armedTimers).toBe(0);
    expect(bench.interruptions[0]).toBe("stale A");
    expect(bench.interruptions).toContain("disconnect A");
  });

  test("a process that is stopped itself reads on afterwards, without a storm of false alarms", async () => {
    const venue = spawn("quoting-venue-program.ts");
    const feed = spawn("following-feed-program.ts", await venue.line());
    expect(await feed.line()).toBe("live");
    feed.process.kill("SIGSTOP");
    await Bun.sleep(STOPPED_MS);
    feed.process.kill("SIGCONT");
    await Bun.sleep(700);
    feed.process.kill("SIGTERM");
    const { changes, quotes } = JSON.parse(await feed.line());
    expect(changes).toEqual(["stopped>connecting", "connecting>subscribing", "subscribing>live"]);
    // All that the venue wrote meanwhile was read: one quote in 20 ms.
    expect(quotes).toBeGreaterThan(STOPPED_MS / 20 / 2);
  }, 15_000);
});
