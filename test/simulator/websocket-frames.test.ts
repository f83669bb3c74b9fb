import { expect, test } from "bun:test";
import fc from "fast-check";
import { ClientFrameReader, Opcode, writeFrameHeader } from "../../src/simulator/websocket-frames.ts";

interface Seen {
  readonly messages: [number, string][];
  readonly violations: number[];
}

function readAll(chunks: readonly Uint8Array[]): Seen {
  const seen: Seen = { messages: [], violations: [] };
  const reader = new ClientFrameReader({
    onMessage: (opcode, payload) => seen.messages.push([opcode, payload.toString()]),
    onViolation: (code) => seen.violations.push(code),
  });
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

/** A masked frame as a client writes it. */
function clientFrame(text: string, { opcode = Opcode.text as number, isFinal = true } = {}): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(10);
  const end = writeFrameHeader(header, 0, { opcode, length: payload.length });
  if (!isFinal) header[0] &= 0x7f;
  header[1] |= 0x80;
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  const masked = payload.map((byte, i) => byte ^ mask[i & 3]);
  return Buffer.concat([header.subarray(0, end), mask, masked]);
}

test("ClientFrameReader reads messages of any length however they are cut", () => {
  const texts = fc.array(
    fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("a".repeat(125), "b".repeat(126), "c".repeat(66_000))),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 40_000 }), (messages, cut) => {
      const bytes = Buffer.concat(messages.map((text) => clientFrame(text)));
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += cut) chunks.push(bytes.subarray(at, at + cut));
      expect(readAll(chunks)).toEqual({ messages: messages.map((text) => [Opcode.text, text]), violations: [] });
    }),
    { numRuns: 40 },
  );
});

test("ClientFrameReader joins fragments with a control frame in between", () => {
  const seen = readAll([
    clientFrame("ab", { isFinal: false }),
    clientFrame("p", { opcode: Opcode.ping }),
    clientFrame("cd", { opcode: Opcode.continuation }),
  ]);
  expect(seen.messages).toEqual([
    [Opcode.ping, "p"],
    [Opcode.text, "abcd"],
  ]);
});

test("ClientFrameReader reports unmasked, reserved and oversized frames and reads no further", () => {
  expect(readAll([Buffer.from([0x81, 1, 65]), clientFrame("later")])).toEqual({ messages: [], violations: [1002] });
  expect(readAll([Buffer.from([0xf1, 0x80, 0, 0, 0, 0])]).violations).toEqual([1002]);
  const huge = Buffer.alloc(14);
  writeFrameHeader(huge, 0, { opcode: Opcode.text, length: 70_000_000 });
  huge[1] |= 0x80;
  expect(readAll([huge]).violations).toEqual([1009]);
  const parts = Array.from({ length: 20 }, () => clientFrame("x".repeat(65_000), { isFinal: false }));
  expect(readAll(parts).violations).toEqual([1009]);
});

test("ClientFrameReader never throws, whatever bytes come", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
      const seen = readAll(chunks);
      expect(seen.violations.length).toBeLessThanOrEqual(1);
    }),
  );
});
