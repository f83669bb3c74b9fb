import { expect, test } from "bun:test";
import { join } from "node:path";
import { listVenues } from "../../../src/venues/built-in-venues.ts";
import { loadProfile } from "../../../src/venues/load-profile.ts";
import { compileRestVenue } from "../../../src/venues/rest/compile-rest-venue.ts";
import { createRecordedAnswers } from "./answer-recorder.ts";

const PAGE = join(import.meta.dir, "../../../docs/add-a-rest-venue.md");
const SYMBOLS = ["EURUSD", "GBPUSD"];

/** The contents of the page's code blocks of one language, in order. */
async function codeBlocks(language: string): Promise<string[]> {
  const text = await Bun.file(PAGE).text();
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, "gms"))].map(([, block]) => block ?? "");
}

async function shownVenue() {
  const [profileText = ""] = await codeBlocks("json");
  return compileRestVenue(loadProfile(profileText, "docs/add-a-rest-venue.md", "rest"));
}

test("the profile of docs/add-a-rest-venue.md asks what the page says", async () => {
  const venue = await shownVenue();
  const [requests] = await codeBlocks("text");
  const asked = [null, "77"].flatMap((since) => {
    const { url, headers } = venue.request({ symbols: SYMBOLS, since, etag: null, account: "7", token: "secret" });
    return [`GET ${url}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  });
  expect(asked.join("\n")).toBe(requests ?? "");
  expect([5, 6].map((count) => venue.costOf(count))).toEqual([1, 2]);
});

test("the profile of docs/add-a-rest-venue.md reads the page's answers as the page says", async () => {
  const { decode } = createRecordedAnswers(await shownVenue(), SYMBOLS);
  const [, answers = ""] = await codeBlocks("text");
  const [expected = ""] = await codeBlocks("jsonl");
  const seen = answers.split("\n").map((line) => {
    const { raws: _, rejects, quotes, ...meaning } = decode(line.slice(4), { status: Number(line.slice(0, 3)) });
    expect(rejects).toEqual([]);
    return quotes.length === 0 ? meaning : { ...meaning, quotes };
  });
  expect(seen.length).toBeGreaterThan(8);
  expect(seen).toEqual(expected.split("\n").map((line): (typeof seen)[number] => JSON.parse(line)));
});

test("docs/add-a-rest-venue.md names every built-in REST venue", async () => {
  const text = await Bun.file(PAGE).text();
  for (const { name, transport } of listVenues()) if (transport === "rest") expect(text).toContain(`\`${name}\``);
});
