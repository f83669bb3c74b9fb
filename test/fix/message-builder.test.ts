import { describe, expect, test } from "bun:test";
import { readFields } from "../../src/fix/field-reader.ts";
import { buildMessage, MessageBuilder, type MessageHeader } from "../../src/fix/message-builder.ts";
import { fixMessage, SOH, withFrame } from "./fix-text.ts";

const HEADER: MessageHeader = {
  beginString: "FIX.4.4",
  msgType: "V",
  sequence: 7,
  sender: "US",
  target: "LP",
  sendingTime: "20240502-07:49:37.708",
};

function readable(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").replaceAll(SOH, "|");
}

describe("buildMessage()", () => {
  test("writes header, fields in their order, length without zeros, and the sum", () => {
    const message = buildMessage(HEADER, [
      [262, "R1"],
      [267, "2"],
      [269, "0"],
      [269, "1"],
    ]);
    const body = "35=V|34=7|49=US|52=20240502-07:49:37.708|56=LP|262=R1|267=2|269=0|269=1|";
    expect(readable(message)).toBe(readable(fixMessage(body)));
  });

  test("writes what else the header has", () => {
    const message = buildMessage(
      { ...HEADER, senderSub: "DESK", targetSub: "QUOTE", isPossDup: true, origSendingTime: "20240502-07:49:30" },
      [],
    );
    expect(readable(message)).toContain(
      "|35=V|34=7|43=Y|49=US|50=DESK|52=20240502-07:49:37.708|56=LP|57=QUOTE|122=20240502-07:49:30|10=",
    );
    expect(readable(buildMessage({ ...HEADER, senderSub: null, isPossDup: false }, []))).not.toMatch(/\|(?:50|43)=/);
  });

  test("each message has bytes of its own", () => {
    const first = buildMessage(HEADER, []);
    const copy = first.slice();
    buildMessage({ ...HEADER, sequence: 8 }, []);
    expect(first).toEqual(copy);
  });
});

describe("MessageBuilder", () => {
  test("starts anew in the same buffer, grows, and keeps bytes as they are", () => {
    const builder = new MessageBuilder();
    const data = Uint8Array.from([0, 1, 0x31, 0x30, 0x3d, 0x7c, 0xff]);
    for (const length of [10, 5000, 3]) {
      builder.begin("FIXT.1.1", "B");
      builder.number(34, length);
      builder.fields([[58, "x".repeat(length)]]);
      builder.number(95, data.length);
      builder.data(96, data);
      expect(withFrame(builder.finish(), readFields).slice(2, -1)).toEqual([
        [35, "B"],
        [34, String(length)],
        [58, "x".repeat(length)],
        [95, "7"],
        [96, Buffer.from(data).toString("latin1")],
      ]);
    }
  });

  test("a text cannot end its field, nor hold what no byte stands for", () => {
    expect(readable(buildMessage(HEADER, [[58, `a${SOH}10=000${SOH}é€😀`]]))).toContain("|58=a?10=000?é???|10=");
  });

  test("refuses a BeginString that has no room", () => {
    const builder = new MessageBuilder();
    builder.begin("x".repeat(40), "0");
    expect(() => builder.finish()).toThrow("it is too long");
  });
});
