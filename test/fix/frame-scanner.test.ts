import { describe, expect, test } from "bun:test";
import { packMsgType } from "../../src/fix/fix-frame.ts";
import { FrameScanner } from "../../src/fix/frame-scanner.ts";
import {
  byteEnds,
  type Faults,
  fixMessage,
  numbered,
  scanPieces,
  slice,
  soh,
  type Told,
  withFrame,
} from "./fix-text.ts";

function text(bytes: Uint8Array): string {
  return slice(bytes, 0, bytes.length) ?? "";
}

function joined(...parts: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(soh(part), "latin1") : part)));
}

/** The same bytes whole and byte by byte; both must tell the same frames. */
function scan(...parts: readonly (Uint8Array | string)[]): Told {
  const bytes = joined(...parts);
  const whole = scanPieces(bytes);
  const single = scanPieces(bytes, byteEnds(bytes));
  expect(single.frames).toEqual(whole.frames);
  expect(single.garbage.map((told) => told.split(":")[0])).toEqual(whole.garbage.map((told) => told.split(":")[0]));
  expect(single.pendingBytes).toBe(whole.pendingBytes);
  return whole;
}

/** Which of the messages came through, by MsgSeqNum (34). */
function sequences(told: Told): number[] {
  return told.frames.map((frame) => Number(/\|34=(\d+)\|/.exec(frame)?.[1]));
}

describe("FrameScanner", () => {
  test("tells every member of a frame", () => {
    const message = fixMessage(
      "35=AI|1128=9|34=00012|49=LP|50=QUOTE|52=20240502-07:49:37.708|56=US|57=DESK|43=Y|97=Y|122=20240502-07:49:30|" +
        "90=3|91=a|b|115=X|116=Y|128=X|129=Y|142=A|143=B|144=C|145=D|212=5|213=<|/>x|347=UTF-8|369=4|627=1|628=H|629=1|630=2|" +
        "58=text|34=99|",
    );
    const seen = withFrame(message, (frame) => ({
      whole: slice(frame.bytes, frame.start, frame.end),
      body: slice(frame.bytes, frame.bodyStart, frame.bodyEnd),
      begin: slice(frame.bytes, frame.beginStart, frame.beginEnd),
      msgType: frame.msgType,
      msgTypeText: slice(frame.bytes, frame.msgTypeStart, frame.msgTypeEnd),
      sequence: frame.sequence,
      sequenceText: slice(frame.bytes, frame.sequenceStart, frame.sequenceEnd),
      flags: [frame.isPossDup, frame.isPossResend],
      sender: slice(frame.bytes, frame.senderStart, frame.senderEnd),
      target: slice(frame.bytes, frame.targetStart, frame.targetEnd),
      sendingTime: slice(frame.bytes, frame.sendingTimeStart, frame.sendingTimeEnd),
      origSendingTime: slice(frame.bytes, frame.origSendingTimeStart, frame.origSendingTimeEnd),
    }));
    expect(seen).toEqual({
      whole: text(message),
      body: "58=text|34=99|",
      begin: "FIX.4.4",
      msgType: packMsgType("AI"),
      msgTypeText: "AI",
      sequence: 12,
      sequenceText: "00012",
      flags: [true, true],
      sender: "LP",
      target: "US",
      sendingTime: "20240502-07:49:37.708",
      origSendingTime: "20240502-07:49:30",
    });
  });

  test("forgets the header of the message before", () => {
    const flags: unknown[] = [];
    const scanner = new FrameScanner({
      maxMessageBytes: 1000,
      listener: {
        onFrame: (frame) => void flags.push([frame.isPossDup, frame.senderStart >= 0, frame.origSendingTimeStart >= 0]),
        onGarbage: () => undefined,
      },
    });
    scanner.feed(joined(fixMessage("35=W|34=1|49=A|43=Y|122=x|"), fixMessage("35=W|34=2|43=N|")));
    expect(flags).toEqual([
      [true, true, true],
      [false, false, false],
    ]);
  });

  test.each([
    ["1", 1],
    ["9007199254740991", 9_007_199_254_740_991],
    ["9007199254740992", -1],
    ["9007199254740993", -1],
    ["18446744073709551616", -1],
    ["000000000000000000000000001", -1],
    ["1x", -1],
    ["-1", -1],
    ["", -1],
  ])("reads MsgSeqNum %p as %p", (value, expected) => {
    expect(withFrame(fixMessage(`35=0|34=${value}|`), (frame) => frame.sequence)).toBe(expected);
  });

  test.each([
    ["0", 0x30],
    ["AE", 0x4145],
    ["ABC", 0],
    ["", 0],
  ])("packs MsgType %p as %p", (value, expected) => {
    expect(withFrame(fixMessage(`35=${value}|34=1|`), (frame) => frame.msgType)).toBe(expected);
  });

  test("takes a BodyLength with zeros before it, and any BeginString of FIX", () => {
    const padded = numbered(1, "0", "", { bodyLength: "0000047" });
    expect(padded.toString("latin1")).toContain("9=0000047");
    const told = scan(
      padded,
      numbered(2, "0", "", { beginString: "FIXT.1.1" }),
      numbered(3, "0", "", { beginString: "FIX.4.2" }),
    );
    expect(sequences(told)).toEqual([1, 2, 3]);
  });

  test("data fields may hold SOH, a trailer and whole messages", () => {
    const inner = numbered(77);
    const body = `95=${inner.length}|96=${inner.toString("latin1")}|355=x|`;
    const told = scan(numbered(1, "B", body), numbered(2));
    expect(sequences(told)).toEqual([1, 2]);
    expect(told.garbage).toEqual([]);
  });

  test("garbage between messages is told once per run, and cut", () => {
    const told = scanPieces(
      joined("junk", numbered(1), "8=FI", "x".repeat(5000), "8=FIX", numbered(2), "|\n", numbered(3)),
    );
    expect(sequences(told)).toEqual([1, 2, 3]);
    expect(told.garbage.map((garbage) => garbage.slice(0, 13))).toEqual([
      "not_fix:junk",
      "not_fix:8=FIx",
      "not_fix:|\n",
    ]);
    expect(told.garbage[1]).toHaveLength("not_fix:".length + 1024);
    expect(sequences(scan("junk", numbered(1), "8=FI", numbered(2), "8=FIX.4.4|", numbered(3)))).toEqual([1, 2, 3]);
  });

  const bad: readonly [what: string, faults: Faults, reason: string][] = [
    ["a sum that is wrong", { checkSum: "999" }, "checksum"],
    ["a sum that is no number", { checkSum: "1a3" }, "checksum"],
    ["a length that says too little", { bodyLength: "30" }, "body_length"],
    ["a length of nothing", { bodyLength: "0" }, "body_length"],
    ["a length that says a little too much", { bodyLength: "60" }, "body_length"],
    ["a length that says much too much", { bodyLength: "5000" }, "body_length"],
    ["a length that leads into the next message's trailer", { bodyLength: String(47 + 10) }, "body_length"],
    ["a length that is no number", { bodyLength: "5x" }, "body_length"],
    ["no length", { bodyLength: "" }, "body_length"],
    ["a length of many digits", { bodyLength: "0000000000000000047" }, "body_length"],
    ["a length beyond the cap", { bodyLength: "70000" }, "too_long"],
  ];
  test.each(bad)("a message with %s costs itself alone", (_what, faults, reason) => {
    const message = numbered(2, "0", "", faults);
    const told = scan(numbered(1), message, numbered(3), numbered(4));
    expect(sequences(told)).toEqual([1, 3, 4]);
    expect(told.garbage).toEqual([`${reason}:${text(message)}`]);
    expect(told.pendingBytes).toBe(0);
  });

  test("a length that says too much does not make the messages behind it wait", () => {
    const [long, next] = [numbered(1, "0", "", { bodyLength: "5000" }), numbered(2)];
    expect(sequences(scanPieces(joined(long, next)))).toEqual([2]);
    expect(sequences(scanPieces(joined(long, next), [long.length]))).toEqual([2]);
    expect(scanPieces(long).pendingBytes).toBe(long.length);
  });

  test("a length that leads exactly to the trailer of a later message costs one message", () => {
    const body = numbered(2).length;
    const told = scan(numbered(1), numbered(2, "0", "", { bodyLength: String(47 + body) }), numbered(3), numbered(4));
    expect(sequences(told)).toEqual([1, 3, 4]);
    expect(told.garbage).toHaveLength(1);
  });

  test("a message that lost its end costs itself alone", () => {
    const whole = numbered(2, "0", "58=some text|");
    for (let length = 12; length < whole.length; length++) {
      const told = scan(numbered(1), whole.subarray(0, length), numbered(3), numbered(4));
      expect(sequences(told)).toEqual([1, 3, 4]);
      expect(told.garbage).toHaveLength(1);
    }
  });

  test("a bad message whose data hold a whole message does not give that", () => {
    const inner = numbered(77);
    const body = `95=${inner.length}|96=${inner.toString("latin1")}|`;
    expect(sequences(scan(numbered(1, "B", body, { checkSum: "000" }), numbered(2)))).toEqual([2]);
    expect(sequences(scan(numbered(1, "B", body, { bodyLength: "300" }), numbered(2)))).toEqual([2]);
  });

  test.each(["34=1|35=0|", "35=0|49=LP|", "35=0|49=LP|x=1|34=1|", "35=0|=1|34=1|", ""])(
    "a header that cannot be read: %p",
    (body) => {
      const message = fixMessage(body);
      const told = scan(message, numbered(2));
      expect(sequences(told)).toEqual([2]);
      expect(told.garbage).toEqual([`header:${text(message)}`]);
    },
  );

  test("keeps no more than one message may have", () => {
    const told = scanPieces(numbered(1, "0", `58=${"x".repeat(2000)}|`), [], 1000);
    expect(told).toEqual({ frames: [], garbage: [expect.stringMatching(/^too_long:/)], pendingBytes: 0 });
    const big = numbered(1, "0", `58=${"x".repeat(60_000)}|`);
    expect(scan(big, numbered(2)).frames).toHaveLength(2);
  });

  test("a text may speak of 8=FIX", () => {
    const told = scan(numbered(1, "0", "58=this is 8=FIX.4.4|"), numbered(2));
    expect(sequences(told)).toEqual([1, 2]);
    expect(told.garbage).toEqual([]);
  });

  test("stop() within a callback ends the telling, until reset()", () => {
    const told: number[] = [];
    const scanner: FrameScanner = new FrameScanner({
      maxMessageBytes: 1000,
      listener: {
        onFrame: (frame) => {
          told.push(frame.sequence);
          if (frame.sequence === 2) scanner.stop();
        },
        onGarbage: () => void told.push(-1),
      },
    });
    scanner.feed(joined(numbered(1), numbered(2), numbered(3), "junk", numbered(4).subarray(0, 30)));
    scanner.feed(numbered(5));
    expect([told, scanner.pendingBytes]).toEqual([[1, 2], 0]);
    scanner.reset();
    scanner.feed(numbered(6));
    expect(told).toEqual([1, 2, 6]);
  });

  test("stop() and reset() within a callback for a carried message forget the rest of its chunk", () => {
    const told: number[] = [];
    const scanner: FrameScanner = new FrameScanner({
      maxMessageBytes: 1000,
      listener: {
        onFrame: (frame) => {
          told.push(frame.sequence);
          scanner.reset();
        },
        onGarbage: () => void told.push(-1),
      },
    });
    scanner.feed(numbered(1).subarray(0, 40));
    scanner.feed(joined(numbered(1).subarray(40), numbered(2)));
    scanner.feed(numbered(3));
    expect([told, scanner.pendingBytes]).toEqual([[1, 3], 0]);
  });
});
