import { expect, test } from "bun:test";
import { join } from "node:path";
import { listVenues } from "../../src/venues/built-in-venues.ts";
import { compileFixVenue } from "../../src/venues/compile-fix-venue.ts";
import { loadProfile } from "../../src/venues/load-profile.ts";
import { countingIds, fieldText } from "./test-fix-profile.ts";

const PAGE = join(import.meta.dir, "../../docs/add-a-fix-lp.md");

/** The contents of the page's first code block of one language. */
async function codeBlock(language: string): Promise<string> {
  const text = await Bun.file(PAGE).text();
  return new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, "ms").exec(text)?.[1] ?? "";
}

test("the profile of docs/add-a-fix-lp.md asks what the page says", async () => {
  const profile = loadProfile(await codeBlock("json"), "docs/add-a-fix-lp.md", "fix");
  const venue = compileFixVenue(profile, { heartbeatS: 30, depth: 1 });
  const [request, ...others] = venue.subscribeRequests(["EUR/USD", "GBP/USD"], { depth: 1, nextId: countingIds() });
  expect(others).toEqual([]);
  if (request === undefined) throw new Error("There is no request");
  const requests = [request, venue.unsubscribeRequest(request)];
  expect(requests.map((sent) => `35=${sent?.msgType}|${fieldText(sent?.fields ?? [])}`).join("\n")).toBe(
    await codeBlock("text"),
  );
});

test("docs/add-a-fix-lp.md names every built-in FIX venue", async () => {
  const text = await Bun.file(PAGE).text();
  for (const { name, transport } of listVenues()) if (transport === "fix") expect(text).toContain(`\`${name}\``);
});
