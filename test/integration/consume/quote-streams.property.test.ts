import { expect, test } from "bun:test";
import fc from "fast-check";
import { QuoteStreams } from "../../../examples/consume/typescript/quote-streams.ts";

interface Hole {
  readonly found: string;
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

test("property: however live and backfill are mixed and repeated, each quote is new once, and the holes are what is missing", () => {
  const fate = fc.constantFrom("live", "live", "live", "backfill", "dropped", "lost");
  const run = fc.record({
    fates: fc.array(fate, { minLength: 1, maxLength: 60 }),
    mix: fc.infiniteStream(fc.boolean()),
    repeats: fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
  });
  fc.assert(
    fc.property(run, ({ fates, mix, repeats }) => {
      const findings: object[] = [];
      const streams = new QuoteStreams((finding) => findings.push(finding));
      // A session before makes the instrument known: what is missing at the head of the next one is a hole as well.
      streams.take("a", "b", "s-0", 1);
      const of = (wanted: string) => fates.flatMap((each, i) => (each === wanted ? [i + 1] : []));
      const topics = [of("live"), of("backfill")];
      const isNew: number[] = [];
      const read = (seq: number) => {
        if (streams.take("a", "b", "s-1", seq)) isNew.push(seq);
      };
      for (const seq of of("dropped"))
        streams.dropped({ source: "a", symbol: "b", reason: "full", fromSequence: seq, toSequence: seq }, "s-1");
      while (topics.some((topic) => topic.length > 0)) {
        const topic = topics[Number(mix.next().value)];
        // A batch that was sent again: some quotes, and then the same ones.
        const batch = topic.splice(0, 1 + Number(repeats.next().value));
        for (const seq of [...batch, ...(mix.next().value === true ? batch : [])]) read(seq);
      }
      const published = [...of("live"), ...of("backfill")].toSorted((a, b) => a - b);
      expect(isNew.toSorted((a, b) => a - b)).toEqual(published);
      streams.tellHoles();
      const holes = (findings as Hole[]).filter(({ found }) => found === "hole");
      const missing = (why: string) =>
        holes.flatMap((hole) =>
          hole.why === why ? Array.from({ length: hole.to - hole.from + 1 }, (_, i) => hole.from + i) : [],
        );
      const isBeforeTheLast = (seq: number) => seq < (published.at(-1) ?? 0);
      expect(missing("full")).toEqual(of("dropped").filter(isBeforeTheLast));
      expect(missing("unknown")).toEqual(of("lost").filter(isBeforeTheLast));
    }),
  );
});
