import { expect, test } from "bun:test";
import { join } from "node:path";
import { compileVenue } from "../../src/venues/compile-venue.ts";
import { loadProfile } from "../../src/venues/load-profile.ts";
import { createRecordedDecoder } from "./quote-recorder.ts";

const PAGE = join(import.meta.dir, "../../docs/add-a-venue.md");

/** The contents of the page's code blocks of one language, in order. */
async function codeBlocks(language: string): Promise<string[]> {
  const text = await Bun.file(PAGE).text();
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, "gms"))].map(([, block]) => block ?? "");
}

test("the profile of docs/add-a-venue.md reads the page's messages as the page says", async () => {
  const [profileText = ""] = await codeBlocks("json");
  const [wire = "", expected = ""] = await codeBlocks("jsonl");
  const venue = compileVenue(loadProfile(profileText, "docs/add-a-venue.md", "websocket"));
  const symbols = ["EURUSD", "GBPUSD"];
  const [request] = venue.subscribeRequests(symbols, () => 1, 0);
  expect(request?.text).toBe('{"op":"subscribe","ref":1,"pairs":["EURUSD","GBPUSD"]}');
  expect(venue.pingText(() => 2, 5)).toBe('{"op":"ping","at":5}');
  const { decode } = createRecordedDecoder(venue, symbols);
  const seen = wire.split("\n").map((line) => {
    const { kind, reason, quotes } = decode(line);
    if (kind === "control") return { kind, control: venue.readControl(Buffer.from(line)) };
    return { kind, ...(reason === "" ? {} : { reason }), ...(quotes.length === 0 ? {} : { quotes }) };
  });
  const wanted = expected.split("\n").map((line): unknown => JSON.parse(line));
  expect(wanted.length).toBeGreaterThan(10);
  expect(seen).toEqual(wanted as typeof seen);
});
