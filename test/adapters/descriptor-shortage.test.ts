import { expect, test } from "bun:test";
import { findDescriptorShortage } from "../../src/adapters/descriptor-shortage.ts";

const TARGET = "wss://venue.example/stream";

test("findDescriptorShortage() keeps a quarter of a low limit, and never more than 64", () => {
  expect(findDescriptorShortage({ open: 47, limit: 64 }, TARGET)).toBeNull();
  expect(findDescriptorShortage({ open: 48, limit: 64 }, TARGET)).toMatchObject({
    code: "no_descriptors",
    retry: "backoff",
    message: expect.stringContaining(
      `Cannot connect to ${TARGET}: 48 of 64 file descriptors are open, and 16 are kept`,
    ),
  });
  expect(findDescriptorShortage({ open: 65_471, limit: 65_536 }, TARGET)).toBeNull();
  expect(findDescriptorShortage({ open: 65_472, limit: 65_536 }, TARGET)).not.toBeNull();
});

test("findDescriptorShortage() finds none where the system does not say", () => {
  expect(findDescriptorShortage(null, TARGET)).toBeNull();
});
