import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { QuoteView } from "../../src/domain/quote.ts";
import { EnvelopeEncoder } from "../../src/pipeline/envelope.ts";
import { createTemplate } from "../../src/pipeline/instrument-template.ts";
import { rawTextBytesMax, writeRawText } from "../../src/pipeline/raw-text.ts";
import { RecordBatchBuilder } from "../../src/publish/record-batch.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";
import { instrumentOf, quoteView } from "../harness/quotes.ts";

const instrument = instrumentOf();
const template = createTemplate(instrument, { session: "s-1", ingester: "edge-1", format: "json" });

/** The values of the records these quotes give, each written after its own `encode`. */
function recordsOf(views: readonly QuoteView[], rawPayload: "on" | "off" = "on"): string[] {
  const encoder = new EnvelopeEncoder(rawPayload);
  const batch = new RecordBatchBuilder(10_000_000, 1);
  batch.begin(1_700_000_000_123, 0);
  for (const view of views) {
    const bytes = encoder.encode(view, template, 1, null);
    expect(batch.hasRoom(bytes)).toBe(true);
    const before = batch.position;
    encoder.write(template, view.receivedTimeUs, batch);
    expect(batch.position - before).toBeLessThanOrEqual(bytes);
  }
  return readBatch(batch.seal("none").bytes).records.map(({ value }) => Buffer.from(value ?? []).toString("utf8"));
}

/** A quote whose venue's message is these bytes, found in the middle of others. */
function textQuote(bytes: Uint8Array): QuoteView {
  const view = quoteView(instrument);
  view.raw = Buffer.concat([Buffer.from([1, 34, 255]), bytes, Buffer.from([92, 0])]);
  view.rawStart = 3;
  view.rawEnd = 3 + bytes.length;
  view.isRawText = true;
  return view;
}

describe("EnvelopeEncoder with raw text", () => {
  test("writes a FIX message as a JSON string, SOH as \\u0001", () => {
    const [value] = recordsOf([
      textQuote(Buffer.from('8=FIX.4.4\x0158=a "b" \\ \x7f\xe9\xff\x0110=007\x01', "latin1")),
    ]);
    expect(value).toContain(
      ',"rawPayload":"8=FIX.4.4\\u000158=a \\"b\\" \\\\ \x7f\\u00e9\\u00ff\\u000110=007\\u0001"},"metadata":',
    );
  });

  test("beside JSON in one batch, and left out when raw payloads are off", () => {
    const views = [
      textQuote(Buffer.from("a\x01")),
      quoteView(instrument, { raw: '{"b":"\\""}' }),
      textQuote(Buffer.of()),
    ];
    expect(recordsOf(views).map((value) => JSON.parse(value).payload.rawPayload)).toEqual(["a\x01", { b: '"' }, ""]);
    expect(recordsOf(views, "off").map((value) => "rawPayload" in JSON.parse(value).payload)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("a message of the largest kind in which every byte is escaped", () => {
    const bytes = Buffer.alloc(65_536, 1);
    const [value] = recordsOf([textQuote(bytes)]);
    expect(JSON.parse(value).payload.rawPayload).toBe(bytes.toString("latin1"));
  });

  test.each([[1], [8], [128]])("records around the lengths at which %i KiB need one more byte", (kib) => {
    const lengths = Array.from({ length: 40 }, (_, i) => kib * 1024 - 900 + i * 25);
    const values = recordsOf(lengths.map((length) => textQuote(Buffer.alloc(length, 65))));
    expect(values.map((value) => JSON.parse(value).payload.rawPayload.length)).toEqual(lengths);
  });

  test("property: any bytes are read back from the record, and the record is ASCII", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 3 }), (messages) => {
        const values = recordsOf(messages.map(textQuote));
        for (const [i, value] of values.entries()) {
          expect(Buffer.from(JSON.parse(value).payload.rawPayload, "latin1")).toEqual(Buffer.from(messages[i]));
          expect(Buffer.from(value).every((byte) => byte >= 0x20 && byte < 0x80)).toBe(true);
        }
      }),
    );
  });
});

describe("writeRawText()", () => {
  test("gives for each byte what JSON allows, within the bytes that were said", () => {
    const target = Buffer.alloc(rawTextBytesMax(1));
    for (let byte = 0; byte < 256; byte++) {
      const raw = Uint8Array.of(byte);
      const end = writeRawText(target, 0, raw, 0, 1);
      expect(JSON.parse(target.toString("latin1", 0, end))).toBe(String.fromCharCode(byte));
      expect(end).toBeLessThanOrEqual(target.length);
    }
  });
});
