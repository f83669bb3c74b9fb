// Lives of the process one after the other on one disk: other partition counts, partitions not known, kills, a disk that is full,
// damaged, slow or out of order, a broker that comes and goes.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { readBatch } from "../../src/publish/record-batch-reader.ts";
import { delay } from "../../src/runtime/abortable.ts";
import { FakeSpool } from "../harness/fake-spool.ts";
import { type LaneRigOptions, numbers, setUpLanes } from "../harness/lane-spool-rig.ts";

const KEYS = ["a:A", "a:B", "a:C", "a:D", "a:E"];
const TOPICS = ["q", "q.backfill"];
const NEVER = new AbortController().signal;
const TOO_LARGE = { outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" } as const;

function stepOf<Kind extends string>(kind: Kind, weight: number, max = 0) {
  return { weight, arbitrary: fc.record({ kind: fc.constant(kind), count: fc.integer({ min: 0, max }) }) };
}

const STEPS = fc.array(
  fc.oneof(
    stepOf("write", 8, 30),
    stepOf("wait", 6, 40),
    stepOf("broker", 2),
    stepOf("acks", 1, 3),
    stepOf("room", 1, 3000),
    stepOf("reads", 1),
    stepOf("damage", 1, 2),
    stepOf("slow", 1, 20),
    stepOf("too_large", 1),
    stepOf("known", 2),
    stepOf("restart", 2, 5),
    stepOf("kill", 1, 5),
  ),
  { maxLength: 40 },
);

/** What was there before this life. */
interface Past {
  readonly arrivals: { readonly topic: string; readonly value: string }[];
  readonly lost: Set<string>;
}

type Rig = ReturnType<typeof setUpLanes>;

async function begin(options: LaneRigOptions, isKnown: boolean): Promise<Rig> {
  const rig = setUpLanes(options);
  rig.broker.isKnown = isKnown;
  const started = rig.start();
  if (isKnown) await started;
  else rig.publisher.accept();
  return rig;
}

/** Notes what came of a life that is over. What it had in memory alone is lost, told at a stop, untold at a kill. */
function end({ broker, given, spool }: Rig, past: Past, written: number): void {
  past.arrivals.push(...broker.arrivals);
  for (const value of given.up) past.lost.add(value);
  const stored = spool.all.flatMap(({ entries }) => entries.flatMap(({ batch }) => readBatch(batch.bytes).records));
  const kept = new Set(stored.map(({ value }) => Buffer.from(value ?? []).toString()));
  for (const { value } of past.arrivals) kept.add(value);
  for (const value of numbers(written)) if (!kept.has(value)) past.lost.add(value);
}

function mend({ broker, spool }: Rig): void {
  broker.isDown = false;
  broker.script.length = 0;
  spool.setRoom(Number.POSITIVE_INFINITY);
  spool.slowness = () => Promise.resolve();
  for (const log of spool.all) Object.assign(log, { isReadable: true, slowness: spool.slowness, damaged: 0 });
}

function expectInOrder({ arrivals }: Past): void {
  for (const topic of TOPICS) {
    for (const key of KEYS.keys()) {
      const values = arrivals.filter((each) => each.topic === topic).map(({ value }) => Number(value));
      const distinct = [...new Set(values.filter((value) => value % KEYS.length === key))];
      expect(distinct).toEqual(distinct.toSorted((one, other) => one - other));
    }
  }
}

test("property: over many lives nothing is lost untold, nothing out of order, and the account balances", async () => {
  await fc.assert(
    fc.asyncProperty(
      STEPS,
      fc.constantFrom("overflow" as const, "write" as const),
      fc.constantFrom(null, "q.backfill"),
      fc.boolean(),
      async (steps, mode, backfill, isDroppingOldest) => {
        const past: Past = { arrivals: [], lost: new Set() };
        let partitions = 2;
        let written = 0;
        let rig = await begin({ mode, backfill, partitions }, steps.length % 2 === 0);
        rig.spool.isDroppingOldest = isDroppingOldest;
        for (const { kind, count } of steps) {
          const { broker, spool } = rig;
          const slowness = () => (count === 0 ? Promise.resolve() : delay(count, NEVER, rig.clock));
          if (kind === "write")
            for (let i = 0; i < count; i++) rig.write(String(written), KEYS[written++ % KEYS.length]);
          else if (kind === "wait") await rig.run(count * 50);
          else if (kind === "broker") broker.isDown = !broker.isDown;
          else if (kind === "acks") for (let i = 0; i < count; i++) broker.script.push("lost-ack");
          else if (kind === "room") spool.setRoom(count > 2000 ? Number.POSITIVE_INFINITY : count);
          else if (kind === "reads") for (const log of spool.all) log.isReadable = !log.isReadable;
          else if (kind === "damage") for (const log of spool.all) log.damaged = count;
          else if (kind === "too_large") broker.script.push(TOO_LARGE);
          else if (kind === "known") broker.reveal();
          else if (kind === "slow") {
            spool.slowness = slowness;
            for (const log of spool.all) log.slowness = slowness;
          } else {
            if (kind === "restart") {
              await rig.publisher.stop(0);
              expect(rig.balance()).toBe(0);
            }
            end(rig, past, written);
            // Some lives have the partitions of the one before.
            if (count > 1) partitions = count;
            const disk = new FakeSpool(
              ["a"],
              spool.all.map((log) => log.afterRestart()),
            );
            rig = await begin({ mode, backfill, partitions, spool: disk }, count !== 3);
            rig.spool.isDroppingOldest = isDroppingOldest;
          }
        }
        mend(rig);
        rig.broker.reveal();
        await rig.run(30_000, 500);
        expect(rig.held().inMemory[0] + rig.held().onSpool[0]).toBe(0);
        expect(rig.publisher.lanes().filter((lane) => lane.isHeld)).toEqual([]);
        expect(rig.spool.logs()).toEqual([]);
        const known = new Set([...past.arrivals, ...rig.broker.arrivals].map(({ value }) => value));
        for (const value of [...past.lost, ...rig.given.up]) known.add(value);
        expect(numbers(written).filter((value) => !known.has(value))).toEqual([]);
        past.arrivals.push(...rig.broker.arrivals);
        expectInOrder(past);
      },
    ),
    { numRuns: Number(process.env["LANE_LIVES_RUNS"] ?? 300) },
  );
}, 120_000);
