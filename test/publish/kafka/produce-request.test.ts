import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeProduce, produceExchange } from "../../../src/publish/kafka/produce-request.ts";

const ORDER = { topic: "quotes", partition: 3 };
// By the protocol page: one topic "quotes", partition 3, no error, offset 41, no append stamp, no throttle.
const ANSWER = Buffer.from(
  "00000001" +
    "0006" +
    Buffer.from("quotes").toString("hex") +
    "00000001" +
    "00000003" +
    "0000" +
    "0000000000000029" +
    "ffffffffffffffff" +
    "0000000000000000" +
    "00000000",
  "hex",
);

describe("produceExchange()", () => {
  test("writes Produce v7 with the batch unchanged", async () => {
    const batch = Buffer.from("the batch");
    const { request } = produceExchange({ ...ORDER, batch, ackTimeoutMs: 20_000 });
    expect([request.apiKey, request.apiVersion]).toEqual([0, 7]);
    const encoded = await request.encode();
    const wanted =
      "ffff" +
      "ffff" +
      "00004e20" +
      "00000001" +
      "0006" +
      Buffer.from("quotes").toString("hex") +
      "00000001" +
      "00000003" +
      "00000009" +
      batch.toString("hex");
    expect(encoded.buffer.toString("hex")).toBe(wanted);
    expect(encoded.size()).toBe(wanted.length / 2);
  });

  test("copies the batch, so that it may be stamped anew while the request is still in a socket", async () => {
    const batch = Buffer.from("the batch");
    const encoded = await produceExchange({ ...ORDER, batch, ackTimeoutMs: 1 }).request.encode();
    batch.fill(0);
    expect(encoded.buffer.subarray(-9).toString()).toBe("the batch");
  });
});

describe("decodeProduce()", () => {
  test("reads error, offset, stamp and throttle", () => {
    expect(decodeProduce(ANSWER, ORDER)).toEqual({
      errorCode: 0,
      baseOffset: 41n,
      logAppendTimeMs: -1n,
      clientSideThrottleTime: 0,
    });
  });

  test("bounds the throttle", () => {
    const answer = Buffer.from(ANSWER);
    answer.writeInt32BE(2_000_000_000, answer.length - 4);
    expect(decodeProduce(answer, ORDER).clientSideThrottleTime).toBe(30_000);
    answer.writeInt32BE(-5, answer.length - 4);
    expect(decodeProduce(answer, ORDER).clientSideThrottleTime).toBe(0);
  });

  test("throws when the answer speaks of another topic or partition", () => {
    expect(() => decodeProduce(ANSWER, { topic: "quoteX", partition: 3 })).toThrow(RangeError);
    expect(() => decodeProduce(ANSWER, { topic: "quotes", partition: 4 })).toThrow(RangeError);
  });

  test("any bytes give an answer or a RangeError", () => {
    const damaged = fc
      .tuple(fc.nat(ANSWER.length - 1), fc.nat(255), fc.nat(ANSWER.length))
      .map(([at, byte, length]) => {
        const bytes = Buffer.from(ANSWER);
        bytes[at] = byte;
        return bytes.subarray(0, length);
      });
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      damaged,
    );
    fc.assert(
      fc.property(any, (bytes) => {
        try {
          const answer = decodeProduce(bytes, ORDER);
          expect(Number.isInteger(answer.errorCode)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
