import { describe, expect, test } from "bun:test";
import { Outbox } from "../../../src/adapters/websocket/outbox.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

function createOutbox(spacingMs: number): { outbox: Outbox; clock: FakeClock; sent: string[] } {
  const clock = new FakeClock();
  const sent: string[] = [];
  const outbox = new Outbox(clock, spacingMs, (text) => sent.push(`${clock.monotonicMs()} ${text}`));
  return { outbox, clock, sent };
}

const onSent = () => {};

describe("Outbox", () => {
  test("push() sends at once when there is no spacing", () => {
    const { outbox, clock, sent } = createOutbox(0);
    outbox.push({ text: "a", onSent }, "in_turn");
    outbox.push({ text: "b", onSent }, "in_turn");
    expect(sent).toEqual(["0 a", "0 b"]);
    expect(clock.armedTimers).toBe(0);
  });

  test("push() keeps the spacing, in order, and lets an urgent message go first", async () => {
    const { outbox, clock, sent } = createOutbox(300);
    for (const text of ["a", "b", "c"]) outbox.push({ text, onSent }, "in_turn");
    outbox.push({ text: null, onSent }, "urgent");
    await clock.advance(1000);
    expect(sent).toEqual(["0 a", "300 null", "600 b", "900 c"]);
  });

  test("push() does not save up: after a pause two messages are still apart", async () => {
    const { outbox, clock, sent } = createOutbox(300);
    await clock.advance(10_000);
    outbox.push({ text: "a", onSent }, "in_turn");
    outbox.push({ text: "b", onSent }, "in_turn");
    await clock.advance(300);
    expect(sent).toEqual(["10000 a", "10300 b"]);
  });

  test("push() tells when the message was handed over", async () => {
    const { outbox, clock } = createOutbox(300);
    const atMs: number[] = [];
    for (let i = 0; i < 2; i++) outbox.push({ text: "x", onSent: () => atMs.push(clock.monotonicMs()) }, "in_turn");
    await clock.advance(300);
    expect(atMs).toEqual([0, 300]);
  });

  test("push() takes no more than its bound", () => {
    const { outbox } = createOutbox(300);
    let taken = 0;
    while (taken < 1e6 && outbox.push({ text: "x", onSent }, "in_turn")) taken++;
    // The first was sent at once.
    expect(taken).toBe(20_001);
    outbox.close();
  });

  test("close() forgets what waits and holds no timer", async () => {
    const { outbox, clock, sent } = createOutbox(300);
    outbox.push({ text: "a", onSent }, "in_turn");
    outbox.push({ text: "b", onSent }, "in_turn");
    outbox.close();
    expect(clock.armedTimers).toBe(0);
    expect(outbox.push({ text: "c", onSent }, "in_turn")).toBe(false);
    await clock.advance(1000);
    expect(sent).toEqual(["0 a"]);
  });

  test("close() from within a send ends the sending", () => {
    const { outbox, sent } = createOutbox(0);
    outbox.push({ text: "a", onSent: () => outbox.close() }, "in_turn");
    outbox.push({ text: "b", onSent }, "in_turn");
    expect(sent).toEqual(["0 a"]);
  });
});
