// What a lane tells of its waits, and what `/healthz` makes of it.
import { describe, expect, test } from "bun:test";
import { appendRecord, recordBytesMax } from "../../src/publish/batch-split.ts";
import type { LanePort, SendResult } from "../../src/publish/batch-transport.ts";
import { Lane } from "../../src/publish/lane.ts";
import { MemoryBudget } from "../../src/publish/memory-budget.ts";
import type { LoadedBatch } from "../../src/publish/spool/batch-log.ts";
import type { CurrentWait } from "../../src/runtime/current-wait.ts";
import { HealthMonitor } from "../../src/telemetry/health.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeLog } from "../harness/fake-spool.ts";
import { FakeTransport } from "../harness/fake-transport.ts";
import { laneStatus } from "../telemetry/fake-source.ts";

/** Time limit of one attempt of the transport below. */
const ATTEMPT_MS = 30_000;
const TOLD_WITHIN_MS = 10_000;
const RECORD = { timestampMs: 1_700_000_000_000, key: null, value: Buffer.from("v"), headers: [] };

/** A transport whose attempts take until their time limit, or for ever. */
class SlowTransport extends FakeTransport {
  mode: "well" | "in_time" | "hangs" = "well";
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    super();
    this.#clock = clock;
  }

  portFor(wait: CurrentWait): LanePort {
    return {
      acquireProducer: () => this.acquireProducer(),
      send: async (...args): Promise<SendResult> => {
        wait.until(this.#clock.monotonicMs() + ATTEMPT_MS);
        if (this.mode === "hangs") await new Promise(() => {});
        if (this.mode === "well") return await this.send(...args);
        await new Promise<void>((resolve) => this.#clock.schedule(ATTEMPT_MS, resolve));
        return { outcome: "retry", code: "kafka_unavailable", message: "silent" };
      },
    };
  }
}

/** A log that can be told never to answer a read. */
class HangingLog extends FakeLog {
  isHanging = false;

  override async readNext(): Promise<LoadedBatch | null> {
    if (this.isHanging) await new Promise(() => {});
    return await super.readNext();
  }
}

function setUp({ lingerMs = 0 } = {}) {
  const clock = new FakeClock();
  const transport = new SlowTransport(clock);
  const log = new HangingLog({ topic: "q", partition: 0, partitionCount: 1 });
  const lane = new Lane(
    { topic: "q", partition: 0, log, backfill: null, isThroughDisk: false },
    {
      transport,
      clock,
      random: () => 1,
      budget: new MemoryBudget(10_000_000),
      compression: "none",
      isStamped: true,
      batchMaxBytes: 100_000,
      lingerMs,
      feedNames: ["a"],
      spoolMode: "overflow",
      onAcked: () => {},
      onDropped: () => {},
      onTrouble: () => {},
    },
  );
  const lanes = () => [
    laneStatus({
      topic: "q",
      state: lane.state,
      isInFlight: lane.isInFlight,
      sealedBatches: lane.queue.memoryBatches,
      spooledBatches: lane.queue.unreadBatches,
      openRecords: lane.open.recordCount,
      deadlineMs: lane.wait.deadlineMs,
    }),
  ];
  const health = new HealthMonitor({ clock, source: { lanes, spool: () => null } });
  health.start();
  const write = () => {
    const batch = lane.reserve(recordBytesMax(RECORD), RECORD.timestampMs);
    if (batch === null) throw new Error("no room");
    appendRecord(batch, RECORD);
    lane.kick();
  };
  /** What `/healthz` finds stuck at any moment of so much time. */
  const stuckWithin = async (ms: number) => {
    const parts = new Set<string>();
    for (let passed = 0; passed < ms; passed += 500) {
      await clock.advance(500);
      lane.look(clock.monotonicMs());
      for (const { part } of health.stuckParts()) parts.add(part);
    }
    return [...parts];
  };
  return { clock, transport, log, lane, write, stuckWithin };
}

describe("a lane and /healthz", () => {
  test("are at rest, and at work, without being stuck", async () => {
    const { lane, write, stuckWithin } = setUp();
    expect(await stuckWithin(60_000)).toEqual([]);
    for (let i = 0; i < 20; i++) {
      write();
      expect(await stuckWithin(1000)).toEqual([]);
    }
    expect(lane.ackedBatches).toBe(20);
  });

  test("wait for a long linger without being stuck", async () => {
    const { lane, write, stuckWithin } = setUp({ lingerMs: 60_000 });
    write();
    expect(await stuckWithin(59_000)).toEqual([]);
    await stuckWithin(2000);
    expect(lane.ackedBatches).toBe(1);
  });

  test("try a broker that is silent again and again without being stuck, and go on when it is back", async () => {
    const { transport, lane, write, stuckWithin } = setUp();
    transport.mode = "in_time";
    write();
    expect(await stuckWithin(10 * 60_000)).toEqual([]);
    expect(lane.retries).toBeGreaterThan(15);
    transport.mode = "well";
    expect(await stuckWithin(60_000)).toEqual([]);
    expect(lane.isEmpty).toBe(true);
  });

  test("are stuck within 10 s when an attempt outlives its own time limit", async () => {
    const { transport, write, stuckWithin } = setUp();
    transport.mode = "hangs";
    write();
    expect(await stuckWithin(ATTEMPT_MS)).toEqual([]);
    expect(await stuckWithin(TOLD_WITHIN_MS)).toEqual(["lane q/0"]);
  });

  test("are stuck within 10 s when a read of the spool never returns", async () => {
    const { clock, transport, log, lane, write, stuckWithin } = setUp();
    transport.mode = "in_time";
    for (let i = 0; i < 10; i++) {
      write();
      await clock.advance(1000);
      lane.look(clock.monotonicMs());
    }
    expect(lane.queue.unreadBatches).toBeGreaterThan(0);
    log.isHanging = true;
    transport.mode = "well";
    expect(await stuckWithin(ATTEMPT_MS + TOLD_WITHIN_MS)).toEqual(["lane q/0"]);
    expect(lane.queue.unreadBatches).toBeGreaterThan(0);
  });
});
