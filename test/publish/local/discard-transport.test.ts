import { expect, test } from "bun:test";
import { DiscardTransport } from "../../../src/publish/local/discard-transport.ts";
import { sealValues } from "./sealed-batches.ts";

test("DiscardTransport acks everything and counts it", async () => {
  const sink = new DiscardTransport();
  await sink.start();
  expect(sink.partitionCount()).toBe(1);
  expect(await sink.acquireProducer()).toEqual({ producerId: 1n, epoch: 0 });
  const batch = sealValues(["{}", "{}"]);
  expect(await sink.send("quotes", 0, batch)).toEqual({ outcome: "acked" });
  expect(await sink.send("events", 0, batch)).toEqual({ outcome: "acked" });
  expect(sink.records).toBe(4);
  expect(sink.bytes).toBe(2 * batch.bytes.length);
  expect(sink.trouble).toBe("");
  await sink.stop();
});
