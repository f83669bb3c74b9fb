import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeFrame, encodeFrame, frameBytes, frameOf, isBatchGood } from "../../../src/publish/spool/frame.ts";
import { folderOf, nameOfFolder } from "../../../src/publish/spool/log-folder.ts";
import { PositionHoles } from "../../../src/publish/spool/position-holes.ts";
import { decodeFooter, encodeFooter } from "../../../src/publish/spool/segment-footer.ts";
import { decodeSegmentHeader, encodeSegmentHeader } from "../../../src/publish/spool/segment-header.ts";
import { createSeededRandom } from "../../../src/simulator/seeded-random.ts";
import { sealModelBatch } from "./model-batches.ts";

const PAGE_BYTES = 4096;
const POSITION = fc.integer({ min: 0, max: 2 ** 52 });

function sealed(seed: number, feedCount: number, feedIndex: number) {
  return sealModelBatch(createSeededRandom(seed), { id: seed, timeMs: 1_700_000_000_000, feedCount, feedIndex });
}

describe("a frame", () => {
  test("comes back as it was, at any place, with any number of feeds", () => {
    fc.assert(
      fc.property(fc.nat(), POSITION, fc.nat(300), fc.nat(64), (seed, position, feedIndex, at) => {
        const batch = sealed(seed, 301, feedIndex);
        const frame = frameOf(batch, 1_700_000_000_000_000, position);
        const bytes = Buffer.concat([Buffer.alloc(at), encodeFrame(frame), batch.bytes]);
        expect(decodeFrame(bytes, at, 1_700_000_000_000_000)).toEqual(frame);
        expect(decodeFrame(bytes, at, 5)).toBeNull();
        expect(bytes.length).toBe(at + frameBytes(frame));
        expect([...frame.pairs]).toEqual([feedIndex, batch.recordCount]);
      }),
    );
  });

  test("with a flipped bit is no frame, and a batch with one is not good", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, place) => {
        const batch = sealed(seed, 3, 1);
        const frame = frameOf(batch, 7, 9);
        const header = encodeFrame(frame);
        const bit = place % (header.length * 8);
        header[bit >> 3] ^= 1 << (bit & 7);
        expect(decodeFrame(header, 0, 7)).toBeNull();
        expect(isBatchGood(batch.bytes, frame)).toBe(true);
        // Kafka's CRC leaves out base offset, leader epoch and itself; length, magic and CRC are compared.
        const from = 16;
        const batchBit = from * 8 + (place % ((batch.bytes.length - from) * 8));
        batch.bytes[batchBit >> 3] ^= 1 << (batchBit & 7);
        expect(isBatchGood(batch.bytes, frame)).toBe(false);
      }),
    );
  });

  test("is never found in noise, and noise never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (noise, at) => {
        const bytes = Buffer.from(noise);
        if (bytes.length >= 4) bytes.writeUInt32LE(0x464c5053, 0);
        expect(decodeFrame(bytes, 0, null)).toBeNull();
        expect(decodeFrame(bytes, at, null)).toBeNull();
      }),
    );
  });
});

describe("the head of a segment", () => {
  const header = (names: readonly string[]) => ({
    version: 1,
    segmentId: 1_700_000_000_000_000,
    log: { topic: "markt-däten", partition: -1, partitionCount: 0 },
    basePosition: 12_345_678_901,
    feedNames: names,
  });

  test("comes back from either copy, whichever page is gone", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 400 }), fc.nat(), (names, place) => {
        const bytes = encodeSegmentHeader(header(names));
        const found = { header: header(names), dataStart: bytes.length };
        expect(decodeSegmentHeader(bytes)).toEqual(found);
        const page = (place % (bytes.length / PAGE_BYTES)) * PAGE_BYTES;
        bytes.fill(0, page, page + PAGE_BYTES);
        expect(decodeSegmentHeader(bytes)).toEqual(found);
      }),
    );
  });

  test("is null where both copies are gone", () => {
    const bytes = encodeSegmentHeader(header(["a"]));
    bytes[20] ^= 1;
    bytes[PAGE_BYTES + 20] ^= 1;
    expect(decodeSegmentHeader(bytes)).toBeNull();
    expect(decodeSegmentHeader(Buffer.alloc(0))).toBeNull();
  });
});

test("a footer comes back from the end of a file, and not when a bit is flipped or the file is another's", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { maxLength: 20 }), fc.nat(), (counts, place) => {
      const pairs = Int32Array.from(counts.flatMap((count, feed) => [feed, count]));
      const footer = {
        segmentId: 77,
        batches: 3,
        records: 9,
        bytes: 1000,
        endPosition: 123_456_789_012,
        oldestMs: 5,
        newestMs: 6,
        dataEnd: 9000,
        pairs,
      };
      const bytes = encodeFooter(footer);
      const fileBytes = 9000 + bytes.length;
      expect(decodeFooter(Buffer.concat([Buffer.alloc(100), bytes]), 77, fileBytes)).toEqual(footer);
      expect(decodeFooter(bytes, 78, fileBytes)).toBeNull();
      expect(decodeFooter(bytes, 77, fileBytes + 1)).toBeNull();
      const bit = place % (bytes.length * 8);
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(decodeFooter(bytes, 77, fileBytes)).toBeNull();
    }),
  );
});

test("folders have one name each and tell it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.integer({ min: -1, max: 5000 }), (topic, partition) => {
      const name = { topic, partition, partitionCount: partition === -1 ? 0 : 5001 };
      const folder = folderOf(name);
      const [topicFolder, laneFolder, ...more] = folder.split("/");
      expect(more).toEqual([]);
      expect([".", "..", "~lock"]).not.toContain(topicFolder);
      expect(nameOfFolder(topicFolder, laneFolder)).toEqual(name);
    }),
  );
});

test("holes cover what was added, once, however it came", () => {
  const range = fc.tuple(fc.nat(300), fc.nat(30));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 25 }), range, (added, [from, length]) => {
      const holes = new PositionHoles();
      const positions = new Set<number>();
      for (const [start, count] of added) {
        holes.add(start, start + count);
        for (let n = 0; n < count; n++) positions.add(start + n);
      }
      const within = [...positions].filter((position) => position >= from && position < from + length);
      expect(holes.countWithin(from, from + length)).toBe(within.length);
      holes.forgetBelow(from);
      expect(holes.all.every(({ to }) => to > from)).toBe(true);
    }),
  );
});
