import { expect, test } from "bun:test";
import { readDescriptorUse } from "../../src/adapters/descriptor-use.ts";

test.skipIf(process.platform !== "linux")("readDescriptorUse() counts what is open now", () => {
  const before = readDescriptorUse();
  const file = Bun.spawn(["sleep", "10"], { stdin: "pipe", stdout: "pipe" });
  const during = readDescriptorUse();
  file.kill();
  expect(before?.limit).toBeGreaterThan(0);
  expect(during?.open).toBeGreaterThan(before?.open ?? Number.POSITIVE_INFINITY);
});
