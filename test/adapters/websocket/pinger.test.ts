import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Outbox } from "../../../src/adapters/websocket/outbox.ts";
import { Pinger } from "../../../src/adapters/websocket/pinger.ts";
import type { PingRule } from "../../../src/venues/compiled-venue.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

class Bench {
  readonly clock = new FakeClock();
  readonly sentMs: number[] = [];
  readonly texts: (string | null)[] = [];
  readonly pinger: Pinger;
  frames = 0;

  constructor(rule: PingRule, spacingMs = 0) {
    const outbox = new Outbox(this.clock, spacingMs, (text) => {
      this.sentMs.push(this.clock.monotonicMs());
      this.texts.push(text);
    });
    let id = 0;
    this.pinger = new Pinger({
      rule,
      clock: this.clock,
      outbox,
      framesReceived: () => this.frames,
      text: () => `PING ${++id}`,
    });
    this.pinger.start();
  }
}

describe("Pinger", () => {
  test("start() pings at every interval when the rule says always", async () => {
    const bench = new Bench({ everyMs: 20_000, when: "always", isFrame: false });
    for (let i = 0; i < 60; i++) {
      bench.frames++;
      await bench.clock.advance(1000);
    }
    expect(bench.sentMs).toEqual([20_000, 40_000, 60_000]);
    expect(bench.texts).toEqual(["PING 1", "PING 2", "PING 3"]);
  });

  test("start() pings with a frame when the rule says so", async () => {
    const bench = new Bench({ everyMs: 20_000, when: "always", isFrame: true });
    await bench.clock.advance(20_000);
    expect(bench.texts).toEqual([null]);
  });

  test("start() does not ping an idle-only venue that talks", async () => {
    const bench = new Bench({ everyMs: 20_000, when: "idle", isFrame: false });
    for (let i = 0; i < 60; i++) {
      bench.frames++;
      await bench.clock.advance(1000);
    }
    expect(bench.sentMs).toEqual([]);
  });

  test("start() pings an idle-only venue before its silence has lasted the interval, whenever that began", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 40_000 }), async (lastFrameMs) => {
        const bench = new Bench({ everyMs: 20_000, when: "idle", isFrame: false });
        for (let at = 0; at < lastFrameMs; at += 500) {
          bench.frames++;
          await bench.clock.advance(Math.min(500, lastFrameMs - at));
        }
        bench.frames++;
        await bench.clock.advance(20_000);
        const silencesMs = bench.sentMs.map((ms) => ms - lastFrameMs).filter((ms) => ms >= 0);
        expect(silencesMs.length).toBeGreaterThanOrEqual(1);
        expect(silencesMs[0]).toBeLessThanOrEqual(20_000);
        expect(silencesMs[0]).toBeGreaterThanOrEqual(10_000);
      }),
      { numRuns: 30 },
    );
  });

  test("start() keeps pinging an idle-only venue that stays silent, once per interval", async () => {
    const bench = new Bench({ everyMs: 20_000, when: "idle", isFrame: false });
    await bench.clock.advance(60_000);
    expect(bench.sentMs).toEqual([15_000, 30_000, 45_000, 60_000]);
  });

  test("start() lets one ping wait at a time", async () => {
    const bench = new Bench({ everyMs: 1000, when: "always", isFrame: false }, 3500);
    await bench.clock.advance(9000);
    expect(bench.sentMs).toEqual([1000, 4500, 8000]);
  });

  test("stop() holds no timer", () => {
    const bench = new Bench({ everyMs: 1000, when: "always", isFrame: false });
    bench.pinger.stop();
    expect(bench.clock.armedTimers).toBe(0);
  });
});
