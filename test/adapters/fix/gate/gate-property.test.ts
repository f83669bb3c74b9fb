import { expect, test } from "bun:test";
import fc from "fast-check";
import { GateRig } from "./gate-rig.ts";

/** What becomes of one message on its way. */
const FATES = ["comes", "comes", "comes", "lost", "corrupt", "behind noise", "twice"] as const;
type Fate = (typeof FATES)[number];

interface Plan {
  /** One per message of the LP, live or repeated; when they run out everything comes. */
  readonly fates: readonly Fate[];
  /** Numbers the LP fills instead of repeating them. */
  readonly filled: readonly number[];
  /** Numbers the LP has stored and not written yet when it answers what was asked for: the replay comes first. */
  readonly overtaken: readonly number[];
  /** How many bytes are handed over at a time. */
  readonly chunks: readonly number[];
  readonly count: number;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  fates: fc.array(fc.constantFrom(...FATES), { maxLength: 80 }),
  filled: fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 10 }),
  overtaken: fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 10 }),
  chunks: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 }),
  count: fc.integer({ min: 1, max: 30 }),
});

/** An LP that numbers and repeats as it should, behind a line that does what the plan says. */
class PoorLine {
  readonly rig = GateRig.loggedOn();
  readonly #plan: Plan;
  readonly #waiting: Uint8Array[] = [];
  #messages = 0;
  #chunk = 0;
  /** Number of the last message sent. */
  #last = 1;
  #asked = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  run(): void {
    for (let i = 0; i < this.#plan.count; i++) this.#live("X");
    this.#flush();
    // A line that has become good brings everything in the end.
    for (let i = 0; i < 3; i++) {
      this.#live("0", "comes");
      this.#flush();
    }
  }

  get last(): number {
    return this.#last;
  }

  #live(msgType: string, fate?: Fate): void {
    this.#last++;
    const bytes = this.rig.bytes(msgType, this.#last);
    if (this.#plan.overtaken.includes(this.#last)) this.#flush();
    this.#send(bytes, this.#last, fate);
    this.#answer();
  }

  /** Repeats what was asked for; fills what it does not repeat. */
  #answer(): void {
    const asked = this.rig.handler.lines.filter((line) => line.startsWith("ask ")).map((line) => Number(line.slice(4)));
    for (const from of asked.slice(this.#asked)) {
      this.#asked++;
      for (let sequence = from; sequence <= this.#last; sequence++) {
        const isFilled = this.#plan.filled.includes(sequence);
        const again = { isPossDup: true, origSendingTime: "20231114-22:13:00.000" };
        const bytes = isFilled
          ? this.rig.bytes(
              "4",
              sequence,
              [
                [123, "Y"],
                [36, String(sequence + 1)],
              ],
              again,
            )
          : this.rig.bytes("X", sequence, [], again);
        this.#send(bytes, sequence);
      }
    }
  }

  #send(bytes: Uint8Array, sequence: number, always?: Fate): void {
    const fate = always ?? this.#plan.fates[this.#messages++] ?? "comes";
    if (fate === "lost") return;
    if (fate === "behind noise") this.#waiting.push(Buffer.from("8=FIX.4.4\u00019=5\u0001noise\u0001"));
    const copy = bytes.slice();
    if (fate === "corrupt") copy[copy.length - 12] ^= 1;
    this.#waiting.push(copy);
    if (fate !== "twice") return;
    this.#waiting.push(
      this.rig.bytes("X", sequence, [], { isPossDup: true, origSendingTime: "20231114-22:13:00.000" }),
    );
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const bytes = Buffer.concat(this.#waiting.splice(0));
      for (let at = 0; at < bytes.length; ) {
        const length = this.#plan.chunks[this.#chunk++ % this.#plan.chunks.length];
        this.rig.gate.receive(bytes.subarray(at, at + length));
        at += length;
      }
      this.#answer();
    }
  }
}

test("SequenceGate gives every message once and in order, or says that it is lost, whatever the line does", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const line = new PoorLine(plan);
      line.run();
      // Requests whose answers were lost are made again.
      for (let i = 0; i < 4 && line.rig.clock.armedTimers > 0; i++) {
        await line.rig.clock.advance(10_000);
        line.run();
      }
      const { lines } = line.rig.handler;
      expect(lines.filter((each) => each.startsWith("end "))).toEqual([]);
      expect(line.rig.numbers.nextIncoming).toBe(line.last + 1);
      expect(line.rig.gate.failures.count).toBe(0);
      const given = lines.flatMap((each) => /^(?:data|take) [A-Z0]?(\d+)$/.exec(each)?.[1] ?? []).map(Number);
      expect(given).toEqual([...new Set(given)].sort((a, b) => a - b));
      const lost = lines.flatMap((each) => /^lost (\d+) (\d+)$/.exec(each) ?? []);
      const isSeen = new Set(given);
      for (let i = 0; i < lost.length; i += 3) {
        for (let sequence = Number(lost[i + 1]); sequence < Number(lost[i + 2]); sequence++) isSeen.add(sequence);
      }
      for (let sequence = 2; sequence <= line.last; sequence++) {
        expect(isSeen.has(sequence)).toBe(true);
      }
      expect(line.rig.clock.armedTimers).toBe(0);
    }),
    { numRuns: 1000 },
  );
});
