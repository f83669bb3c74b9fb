import { expect, test } from "bun:test";
import fc from "fast-check";
import { FakeSpool } from "../harness/fake-spool.ts";
import { numbers, setUpLanes } from "../harness/lane-spool-rig.ts";

test("property: whatever broker and disk do, nothing is lost, doubled or out of order", async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("write" as const), count: fc.integer({ min: 1, max: 30 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), count: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.constant({ kind: "toggle_broker" as const, count: 0 }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("lose_acks" as const), count: fc.integer({ min: 1, max: 3 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("room" as const), count: fc.integer({ min: 0, max: 3000 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "toggle_reads" as const, count: 0 }) },
    { weight: 1, arbitrary: fc.constant({ kind: "too_large" as const, count: 0 }) },
    { weight: 1, arbitrary: fc.constant({ kind: "restart" as const, count: 0 }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom("overflow" as const, "write" as const),
      async (steps, mode) => {
        const delivered: string[] = [];
        let rig = setUpLanes({ mode });
        await rig.start();
        let next = 0;
        const givenUp: string[] = [];
        for (const { kind, count } of steps) {
          const disk = rig.spool.log({ topic: "q", partition: 0, partitionCount: 1 });
          if (kind === "write") for (let i = 0; i < count; i++) rig.write(String(next++));
          else if (kind === "wait") await rig.run(count * 50);
          else if (kind === "toggle_broker") rig.broker.isDown = !rig.broker.isDown;
          else if (kind === "lose_acks") for (let i = 0; i < count; i++) rig.broker.script.push("lost-ack");
          else if (kind === "room") disk.roomBytes = count > 2000 ? Number.POSITIVE_INFINITY : count;
          else if (kind === "toggle_reads") disk.isReadable = !disk.isReadable;
          else if (kind === "too_large")
            rig.broker.script.push({ outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" });
          else {
            disk.roomBytes = Number.POSITIVE_INFINITY;
            disk.isReadable = true;
            await rig.publisher.stop(0);
            expect(rig.balance()).toBe(0);
            delivered.push(...rig.log());
            givenUp.push(...rig.given.up);
            rig = setUpLanes({ mode, spool: new FakeSpool(["a"], rig.spool.all) });
            await rig.start();
          }
        }
        const disk = rig.spool.log({ topic: "q", partition: 0, partitionCount: 1 });
        disk.roomBytes = Number.POSITIVE_INFINITY;
        disk.isReadable = true;
        rig.broker.isDown = false;
        rig.broker.script.length = 0;
        await rig.run(20_000, 500);
        delivered.push(...rig.log());
        givenUp.push(...rig.given.up);
        if (possibleDuplicates(rig) === 0) expect(new Set(rig.log()).size).toBe(rig.log().length);
        const distinct = [...new Set(delivered)];
        expect(distinct).toEqual(
          numbers(next).filter((value) => !givenUp.includes(value) || delivered.includes(value)),
        );
        expect(rig.held().inMemory[0] + rig.held().onSpool[0]).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);

function possibleDuplicates({ publisher }: ReturnType<typeof setUpLanes>): number {
  return publisher.lanes().reduce((sum, lane) => sum + lane.possibleDuplicates, 0);
}
