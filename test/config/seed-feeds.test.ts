import { describe, expect, test } from "bun:test";
import { FEED_VARIABLES } from "../../src/config/feed-variables.ts";
import { readSeedFeeds } from "../../src/config/seed-feeds.ts";

describe("readSeedFeeds()", () => {
  test("readSeedFeeds() gives the defaults as the texts a user would write", () => {
    const lpAlpha = readSeedFeeds().find((seed) => seed.name === "lp-alpha");
    expect(lpAlpha).toMatchObject({ transport: "fix", isEnabled: false });
    expect([...(lpAlpha?.defaults ?? [])]).toEqual([
      ["VENUE", "fix-generic"],
      ["SYMBOLS", "EUR/USD,GBP/USD,USD/JPY"],
      ["INITIAL_DELAY_MS", "5000"],
      ["MAX_DELAY_MS", "300000"],
    ]);
  });

  test("readSeedFeeds() gives no default to a variable its transport does not have", () => {
    for (const seed of readSeedFeeds()) {
      for (const key of seed.defaults.keys()) expect(Object.keys(FEED_VARIABLES[seed.transport].shape)).toContain(key);
    }
  });
});
