import { describe, expect, test } from "bun:test";
import { byteEnds, scanPieces } from "./fix-text.ts";
import { readFixtures } from "./fixtures.ts";
import { scanMarketData } from "./market-data-text.ts";

describe("what venues send", () => {
  test.each(readFixtures().map((fixture) => [fixture.name, fixture] as const))(
    "%s is read as it says",
    (_name, fixture) => {
      expect(fixture.messages.map((message) => scanMarketData(message, fixture.plan)) as unknown[]).toEqual([
        ...fixture.expected,
      ]);
    },
  );

  test("all of them in one stream, byte by byte, are found and nothing else", () => {
    const messages = readFixtures().flatMap((fixture) => fixture.messages);
    const stream = Buffer.concat(messages);
    const told = scanPieces(stream, byteEnds(stream));
    expect(told.garbage).toEqual([]);
    expect(told.frames).toHaveLength(messages.length);
    expect(messages.length).toBeGreaterThan(15);
  });
});
