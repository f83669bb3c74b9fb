import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { sliceText } from "../../../../src/fix/field-reader.ts";
import { MarketDataMessage } from "../../../../src/fix/market-data-message.ts";
import { MarketDataScanner } from "../../../../src/fix/market-data-scanner.ts";
import { MessageBuilder } from "../../../../src/fix/message-builder.ts";
import type { FixField, MarketDataPlan } from "../../../../src/venues/compiled-fix-venue.ts";
import { withFrame } from "../../../fix/fix-text.ts";
import { readFixtures } from "../../../fix/fixtures.ts";
import { PLAN, ScriptedLp } from "./scripted-lp.ts";

/** A message with these fields, which may hold anything. */
function messageOf(msgType: string, fields: readonly FixField[]): Uint8Array {
  const builder = new MessageBuilder();
  const sendingTime = "20240502-07:49:37.708";
  builder.header({ beginString: "FIX.4.4", msgType, sequence: 2, sender: "LP", target: "US", sendingTime });
  for (const [tag, value] of fields) builder.data(tag, Buffer.from(value, "latin1"));
  return builder.finish().slice();
}

/** All that a message says, as texts. */
function contents(message: MarketDataMessage): object {
  const text = (start: number, end: number) => (start < 0 ? null : sliceText(message.bytes, start, end));
  return {
    requestId: text(message.requestIdStart, message.requestIdEnd),
    symbol: text(message.symbolStart, message.symbolEnd),
    rptSeq: text(message.rptSeqStart, message.rptSeqEnd),
    time: text(message.timeStart, message.timeEnd),
    quoteId: text(message.quoteIdStart, message.quoteIdEnd),
    wantsAck: message.wantsAck,
    fragment: message.fragment,
    entries: Array.from({ length: message.count }, (_, i) => ({
      action: String.fromCharCode(message.action[i]),
      type: String.fromCharCode(message.type[i]),
      symbol: text(message.symbolFrom[i], message.symbolTo[i]),
      id: text(message.idFrom[i], message.idTo[i]),
      refId: text(message.refIdFrom[i], message.refIdTo[i]),
      price: text(message.priceFrom[i], message.priceTo[i]),
      size: text(message.sizeFrom[i], message.sizeTo[i]),
      level: message.level[i],
      rptSeq: text(message.rptSeqFrom[i], message.rptSeqTo[i]),
      date: text(message.dateFrom[i], message.dateTo[i]),
      time: text(message.timeFrom[i], message.timeTo[i]),
    })),
  };
}

interface BothWays {
  readonly fast: object | null;
  readonly slow: object | null;
}

async function readBothWays(
  bytes: Uint8Array,
  plan: MarketDataPlan,
  dictionaryXml: string | null = null,
): Promise<BothWays> {
  const lp = await ScriptedLp.connect({ plan, dictionaryXml });
  const scanner = new MarketDataScanner(plan);
  return withFrame(bytes, (frame) => {
    const fast = scanner.scan(frame) ? contents(scanner.message) : null;
    const message = new MarketDataMessage();
    return { fast, slow: lp.session.readSlowly(frame, message) ? contents(message) : null };
  });
}

const decimal = fc.constantFrom(
  "1.10",
  "0",
  "0.00",
  ".5",
  "-3",
  "1234567890123456789.123",
  "00023.230",
  "",
  "1e3",
  "+1",
  " 2",
);
const symbol = fc.constantFrom("EUR/USD", "GBP/USD", "4001");
const maybe = (tag: number, value: fc.Arbitrary<string>) =>
  fc.option(
    value.map((text): FixField => [tag, text]),
    { nil: null, freq: 2 },
  );
const own = (tag: number) => maybe(tag, fc.constantFrom("x", "0", "1.5"));

function fieldsOf(...parts: fc.Arbitrary<FixField | null>[]): fc.Arbitrary<FixField[]> {
  return fc.tuple(...parts).map((fields) => fields.filter((field) => field !== null));
}

/** As fields in an order of its own, the first one staying the first. */
function shuffled(fields: fc.Arbitrary<FixField[]>): fc.Arbitrary<FixField[]> {
  return fields.chain(([first, ...rest]) =>
    fc
      .shuffledSubarray(rest, { minLength: rest.length })
      .map((order) => (first === undefined ? [] : [first, ...order])),
  );
}

const entryRest = [
  maybe(278, fc.constantFrom("1", "2")),
  maybe(280, fc.constantFrom("1", "2")),
  maybe(55, symbol),
  maybe(48, symbol),
  maybe(270, decimal),
  maybe(271, decimal),
  maybe(290, fc.constantFrom("1", "2", "x")),
  maybe(1023, fc.constantFrom("1", "2")),
  maybe(83, fc.constantFrom("5", "6")),
  maybe(272, fc.constant("20240502")),
  maybe(273, fc.constant("07:49:37.708")),
  maybe(346, fc.constantFrom("0", "3")),
  maybe(60, fc.constant("20240502-07:49:37")),
  maybe(15, fc.constant("USD")),
  own(5001),
  own(25043),
  own(64),
];
const always = (tag: number, value: fc.Arbitrary<string>) => value.map((text): FixField => [tag, text]);
const snapshotEntry = shuffled(fieldsOf(always(269, fc.constantFrom("0", "1", "2", "J")), ...entryRest));
const incrementEntry = shuffled(
  fieldsOf(always(279, fc.constantFrom("0", "1", "2", "5")), maybe(269, fc.constantFrom("0", "1")), ...entryRest),
);
const quoteFields = [maybe(132, decimal), maybe(133, decimal), maybe(134, decimal), maybe(135, decimal), own(5001)];
const quoteEntry = shuffled(fieldsOf(always(299, fc.constantFrom("0", "1")), maybe(55, symbol), ...quoteFields));

/** A group with the number of its entries, now and then the wrong one. An announced entry that is not there at all could be
 * any field to the scanner: that is left out. */
function group(countTag: number, entry: fc.Arbitrary<FixField[]>): fc.Arbitrary<FixField[]> {
  return fc
    .tuple(fc.array(entry, { maxLength: 4 }), fc.constantFrom(0, 0, 0, 0, 0, 0, 1))
    .map(([entries, more]): FixField[] => [
      [countTag, String(entries.length + (entries.length > 0 ? more : 0))],
      ...entries.flat(),
    ]);
}

const before = shuffled(
  fieldsOf(
    always(262, fc.constant("r1")),
    maybe(55, symbol),
    maybe(48, symbol),
    maybe(83, fc.constant("9")),
    maybe(60, fc.constant("20240502-07:49:37.1")),
    maybe(893, fc.constantFrom("N", "Y")),
    own(9999),
  ),
);
const behind = fieldsOf(own(9998), maybe(813, fc.constant("1")));
const quoteBefore = shuffled(
  fieldsOf(
    always(117, fc.constant("q1")),
    maybe(131, fc.constant("r1")),
    maybe(301, fc.constantFrom("0", "1", "2")),
    own(9999),
  ),
);
const quoteSet = fc
  .tuple(fieldsOf(always(302, symbol), maybe(311, symbol)), group(295, quoteEntry))
  .map(([set, entries]): FixField[] => {
    const announced = entries[0];
    return [...set, [304, "9"], announced, ...entries.slice(1)];
  });

const messages: fc.Arbitrary<readonly [string, FixField[]]> = fc.oneof(
  fc.tuple(
    fc.constant("W"),
    fc.tuple(before, group(268, snapshotEntry), behind).map((parts) => parts.flat()),
  ),
  fc.tuple(
    fc.constant("X"),
    fc.tuple(before, group(268, incrementEntry), behind).map((parts) => parts.flat()),
  ),
  fc.tuple(
    fc.constant("S"),
    fc.tuple(quoteBefore, fieldsOf(maybe(55, symbol), ...quoteFields)).map((parts) => parts.flat()),
  ),
  fc.tuple(
    fc.constant("i"),
    fc.tuple(quoteBefore, group(296, quoteSet)).map((parts) => parts.flat()),
  ),
);

const planOptions: fc.Arbitrary<MarketDataPlan> = fc.record({
  symbolTag: fc.constantFrom(55, 55, 48, 302, 311),
  requestIdTag: fc.constantFrom(262, 131, 117),
  time: fc.constantFrom("sendingTime", "transactTime", "entry"),
  levelTag: fc.constantFrom(0, 290, 1023),
  hasRptSeq: fc.boolean(),
  quoteKey: fc.constantFrom("symbol", "entryId"),
});

describe("SlowReader", () => {
  test("says the same as the scanner of whatever the scanner reads", async () => {
    let readFast = 0;
    await fc.assert(
      fc.asyncProperty(messages, planOptions, async ([msgType, fields], plan) => {
        const { fast, slow } = await readBothWays(messageOf(msgType, fields), plan);
        if (fast === null) return;
        readFast++;
        expect(slow).toEqual(fast);
      }),
      { numRuns: 1500 },
    );
    expect(readFast).toBeGreaterThan(300);
  });

  for (const { name, plan, messages: recorded } of readFixtures()) {
    test(`says the same as the scanner of what ${name} sends`, async () => {
      for (const bytes of recorded) {
        const { fast, slow } = await readBothWays(bytes, { ...PLAN, ...plan });
        expect(fast).not.toBeNull();
        expect(slow).toEqual(fast);
      }
    });
  }

  test("reads data within entries, whatever it holds", async () => {
    const text = "270=9\u000110=000\u0001268=3\u0001";
    const entry = (price: string): FixField[] => [
      [269, "0"],
      [270, price],
      [354, String(text.length)],
      [355, text],
      [271, "7"],
    ];
    const bytes = messageOf("W", [[262, "r1"], [55, "EUR/USD"], [268, "2"], ...entry("1.10"), ...entry("1.2")]);
    const { fast, slow } = await readBothWays(bytes, PLAN);
    expect(fast).toBeNull();
    expect(slow).toMatchObject({
      requestId: "r1",
      entries: [
        { price: "1.10", size: "7", symbol: "EUR/USD" },
        { price: "1.2", size: "7", symbol: "EUR/USD" },
      ],
    });
  });

  describe("by the LP's dictionary", () => {
    const stock = readFileSync(require.resolve("jspurefix/data/FIX44.xml"), "utf8");
    const quoted: readonly FixField[] = [
      [262, "r1"],
      [55, "EUR/USD"],
      [268, "1"],
      [269, "0"],
      [270, "1.1"],
      [278, "7"],
      [271, "5"],
    ];

    test("and by ours where it does not know what is needed", async () => {
      expect(stock.match(/<message name='MarketDataSnapshotFullRefresh'/)).not.toBeNull();
      const { fast, slow } = await readBothWays(messageOf("W", quoted), PLAN, stock);
      expect(slow).not.toBeNull();
      expect(slow).toEqual(fast);
    });

    test("a group within an entry that repeats its tags", async () => {
      const xml = stock
        .replace(
          /(<component name='MDFullGrp'>[\s\S]*?<field name='MDEntryType' required='Y' \/>)/,
          "$1<group name='NoOwn' required='N'><field name='OwnId' required='N' /><field name='MDEntrySize' required='N' /></group>",
        )
        .replace(
          "<fields>",
          "<fields><field number='5050' name='NoOwn' type='NUMINGROUP' /><field number='5051' name='OwnId' type='STRING' />",
        );
      expect(xml).not.toBe(stock);
      const fields: readonly FixField[] = [
        [55, "EUR/USD"],
        [268, "2"],
        [269, "0"],
        [5050, "2"],
        [5051, "a"],
        [271, "1"],
        [5051, "b"],
        [271, "2"],
        [270, "1.1"],
        [269, "1"],
        [270, "1.2"],
        [271, "3"],
      ];
      const { fast, slow } = await readBothWays(messageOf("W", fields), PLAN, xml);
      expect(fast).toBeNull();
      expect(slow).toMatchObject({
        entries: [
          { type: "0", price: "1.1", size: null },
          { type: "1", price: "1.2", size: "3" },
        ],
      });
    });
  });

  test.each(["W", "X", "S", "i", "V", "Y", "0"])("never throws, whatever the bytes of %s are", async (msgType) => {
    const anyFields = fc.array(
      fc.tuple(
        fc.constantFrom(55, 262, 268, 269, 270, 271, 279, 278, 295, 296, 299, 302, 132, 354, 355, 711, 454, 5001),
        fc.string(),
      ),
      { maxLength: 30 },
    );
    const lp = await ScriptedLp.connect();
    fc.assert(
      fc.property(anyFields, (fields) => {
        const clean = fields.map(([tag, value]): FixField => [tag, value.replaceAll("\u0001", "")]);
        withFrame(messageOf(msgType, clean), (frame) => {
          lp.session.readSlowly(frame, new MarketDataMessage());
        });
      }),
    );
  });
});
