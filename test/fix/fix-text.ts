import type { FixFrame } from "../../src/fix/fix-frame.ts";
import { FrameScanner } from "../../src/fix/frame-scanner.ts";

export const SOH = "\u0001";

/** What to get wrong in a message. */
export interface Faults {
  readonly bodyLength?: string;
  readonly checkSum?: string;
  readonly beginString?: string;
}

/** The bytes of a message whose fields from MsgType (35) on are `body`, `|` for SOH; a character is a byte. */
export function fixMessage(body: string, faults: Faults = {}): Buffer {
  const text = soh(body);
  const front = `8=${faults.beginString ?? "FIX.4.4"}${SOH}9=${faults.bodyLength ?? text.length}${SOH}${text}`;
  return Buffer.from(`${front}10=${faults.checkSum ?? checkSum(Buffer.from(front, "latin1"))}${SOH}`, "latin1");
}

/** A message with a header of its own: `type` and `sequence`, then `body`. */
export function numbered(sequence: number, type = "0", body = "", faults: Faults = {}): Buffer {
  return fixMessage(`35=${type}|34=${sequence}|49=LP|52=20240502-07:49:37.708|56=US|${body}`, faults);
}

export function soh(text: string): string {
  return text.replaceAll("|", SOH);
}

export function checkSum(bytes: Uint8Array): string {
  return String(bytes.reduce((sum, byte) => sum + byte, 0) % 256).padStart(3, "0");
}

/** Text of a slice of a frame; null when it is absent. */
export function slice(bytes: Uint8Array, start: number, end: number): string | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end)).toString("latin1").replaceAll(SOH, "|");
}

/** What a scanner told, as text: a frame as its bytes, garbage as `reason:bytes`. */
export interface Told {
  readonly frames: string[];
  readonly garbage: string[];
  readonly pendingBytes: number;
}

/** Feeds bytes in pieces that end at the given places, and collects what is told. */
export function scanPieces(bytes: Uint8Array, ends: readonly number[] = [], maxMessageBytes = 65_536): Told {
  const frames: string[] = [];
  const garbage: string[] = [];
  const scanner = new FrameScanner({
    maxMessageBytes,
    listener: {
      onFrame: (frame) => void frames.push(slice(frame.bytes, frame.start, frame.end) ?? ""),
      onGarbage: (reason, from, start, end) => void garbage.push(`${reason}:${slice(from, start, end)}`),
    },
  });
  let at = 0;
  for (const end of [...ends, bytes.length]) {
    // Chunks are borrowed: what is fed is overwritten as soon as it was taken.
    const chunk = Uint8Array.from(bytes.subarray(at, end));
    scanner.feed(chunk);
    chunk.fill(0x58);
    at = end;
  }
  return { frames, garbage, pendingBytes: scanner.pendingBytes };
}

/** Every piece one byte long. */
export function byteEnds(bytes: Uint8Array): number[] {
  return Array.from(bytes, (_, i) => i + 1);
}

/** Calls `use` with the one frame that `message` is; throws when it is none. */
export function withFrame<T>(message: Uint8Array, use: (frame: FixFrame) => T): T {
  const results: T[] = [];
  const scanner = new FrameScanner({
    maxMessageBytes: 1 << 20,
    listener: {
      onFrame: (frame) => void results.push(use(frame)),
      onGarbage: (reason, bytes, start, end) => {
        throw new Error(`Not a message (${reason}): ${slice(bytes, start, end)}`);
      },
    },
  });
  scanner.feed(message);
  if (results.length !== 1) throw new Error(`Not one message but ${results.length}`);
  return results[0];
}
