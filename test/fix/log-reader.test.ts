import { describe, expect, test } from "bun:test";
import { type LoggedMessage, LogReader } from "../../src/fix/log-reader.ts";
import { numbered, SOH } from "./fix-text.ts";

/** What is found in the log, given whole and character by character. */
function read(log: string): LoggedMessage[] {
  const whole = readPieces([log]);
  expect(readPieces([...log])).toEqual(whole);
  return whole;
}

function readPieces(pieces: readonly string[]): LoggedMessage[] {
  const found: LoggedMessage[] = [];
  const reader = new LogReader((message) => void found.push(message));
  for (const piece of pieces) reader.feed(piece);
  reader.end();
  return found;
}

function text(sequence: number, body = "", delimiter = SOH): string {
  return numbered(sequence, "B", body).toString("latin1").replaceAll(SOH, delimiter);
}

function value(message: LoggedMessage | undefined, tag: number): string | undefined {
  return message?.fields.find(([found]) => found === tag)?.[1];
}

describe("LogReader", () => {
  test.each([
    ["SOH", SOH],
    ["|", "|"],
    ["^A", "^A"],
  ])("messages delimited by %s, with log prefixes, with and without ends of line", (_name, delimiter) => {
    const log =
      `20240502-07:49:37 [recv] ${text(1, "58=a|", delimiter)}\n` +
      `2024 | INFO | out: ${text(2, "58=b|", delimiter)} (sent)\r\n${text(3, "", delimiter)}${text(4, "", delimiter)}`;
    const found = read(log);
    expect(found.map((message) => value(message, 34))).toEqual(["1", "2", "3", "4"]);
    expect(found.map((message) => [message.isWhole, message.faults])).toEqual(Array(4).fill([true, []]));
    expect(value(found[1], 58)).toBe("b");
  });

  test("the last delimiter may be missing", () => {
    for (const end of ["\n", "\r\n", ""]) {
      const found = read(`${text(1, "", "|").slice(0, -1)}${end}`);
      expect(found.map(({ isWhole, faults }) => [isWhole, faults])).toEqual([[true, []]]);
    }
    const found = read(`${text(1).slice(0, -1)}\n${text(2).slice(0, -1)}`);
    expect(found.map(({ isWhole, faults }) => [isWhole, faults])).toEqual(Array(2).fill([true, []]));
  });

  test("a length and a sum that are wrong are told", () => {
    const bad = numbered(1, "0", "", { bodyLength: "12", checkSum: "999" }).toString("latin1");
    expect(read(bad)[0]?.faults).toEqual([
      { what: "BodyLength", stated: "12", counted: "47" },
      { what: "CheckSum", stated: "999", counted: expect.stringMatching(/^\d{3}$/) },
    ]);
    expect(read("8=FIX.4.4|35=0|34=1|10=1|")[0]?.faults[0]).toEqual({ what: "BodyLength", stated: "", counted: "5" });
    expect(read(numbered(1, "0", "", { bodyLength: "0047" }).toString("latin1"))[0]?.faults).toEqual([]);
  });

  test("a message that is cut is told as far as it goes", () => {
    const found = read(`${text(1, "58=abc|", "|").slice(0, 60)}\nnoise\n${text(2, "", "|")}${text(3).slice(0, 50)}`);
    expect(found.map((message) => [value(message, 34), message.isWhole])).toEqual([
      ["1", false],
      ["2", true],
      ["3", false],
    ]);
    const joined = read(`8=FIX.4.4|9=5|35=0|${text(2, "", "|")}`);
    expect(joined.map((message) => [value(message, 35), message.isWhole])).toEqual([
      ["0", false],
      ["B", true],
    ]);
  });

  test("data may hold delimiters and ends of line, and a text lines where SOH delimits", () => {
    const data = `a${SOH}b\n${SOH}10=000${SOH}c`;
    const found = read(text(1, `95=${data.length}|96=${data}|58=two\nlines|`) + text(2));
    expect(found).toHaveLength(2);
    expect([value(found[0], 96), value(found[0], 58), found[0]?.faults]).toEqual([data, "two\nlines", []]);
  });

  test("what begins no message is skipped", () => {
    expect(read("8=FIX? no 8=FIX.4.4 no 8=FIX and 8=F")).toEqual([]);
    expect(read("")).toEqual([]);
  });

  test("keeps no more than one message may have", () => {
    const reader = new LogReader(() => undefined);
    const found: LoggedMessage[] = [];
    const bounded = new LogReader((message) => void found.push(message));
    bounded.feed(`8=FIX.4.4|9=5|58=${"x".repeat(1 << 20)}`);
    bounded.feed("x".repeat(100));
    expect(found).toHaveLength(1);
    expect(found[0]?.isWhole).toBe(false);
    reader.end();
  });
});
