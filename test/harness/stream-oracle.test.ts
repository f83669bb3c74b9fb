// An oracle that cannot fail proves nothing: each kind of damage is done to a good run, and must be found.
import { describe, expect, test } from "bun:test";
import { StreamJudge, type StreamVerdict } from "./stream-oracle.ts";

function line(seq: number, { venue = seq + 100, session = "s1", symbol = "BTC", gap = false } = {}): string {
  const value = { payload: { venueSequence: String(venue) }, metadata: { session, ...(gap ? { gap: {} } : {}) } };
  return `v:${symbol}\tsource=v,symbol=${symbol},session=${session},seq=${seq}\t${JSON.stringify(value)}`;
}

function judged(...lines: string[]): Partial<StreamVerdict> {
  const judge = new StreamJudge();
  for (const one of lines) judge.take(one);
  const { distinct, ...rest } = judge.verdict();
  return { ...rest, distinct };
}

const GOOD = { duplicates: 0, reordered: 0, missing: 0, untoldJumps: 0 };

describe("StreamJudge", () => {
  test("finds nothing in a good run of two instruments and two sessions", () => {
    const lines = [
      line(1),
      line(1, { symbol: "ETH" }),
      line(2),
      line(2, { symbol: "ETH" }),
      line(1, { session: "s2" }),
    ];
    expect(judged(...lines)).toMatchObject({ ...GOOD, records: 5, distinct: new Map([["v", 5]]) });
  });

  test("counts duplicates once each, and takes them out", () => {
    expect(judged(line(1), line(2), line(1), line(2), line(3))).toMatchObject({ ...GOOD, duplicates: 2 });
    expect(judged(line(1), line(1)).distinct).toEqual(new Map([["v", 1]]));
  });

  test("tells what is late from what is missing", () => {
    expect(judged(line(1), line(3), line(2), line(4))).toMatchObject({ ...GOOD, reordered: 1, untoldJumps: 1 });
    expect(judged(line(1), line(4, { gap: true }))).toMatchObject({ ...GOOD, missing: 2 });
    expect(judged(line(3))).toMatchObject({ ...GOOD, missing: 2 });
  });

  test("finds a jump of the venue that no note tells of", () => {
    expect(judged(line(1), line(2, { venue: 109 }))).toMatchObject({ ...GOOD, untoldJumps: 1 });
    expect(judged(line(1), line(2, { venue: 109, gap: true }))).toMatchObject(GOOD);
  });
});
