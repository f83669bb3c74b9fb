import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
  builtInProfileText,
  describeVenue,
  findBuiltInProfile,
  listVenues,
  venueNames,
  venueTransports,
} from "../../src/venues/built-in-venues.ts";
import { compileVenue } from "../../src/venues/compile-venue.ts";
import { loadProfile } from "../../src/venues/load-profile.ts";
import type { VenueProfile } from "../../src/venues/profile-schema.ts";
import type { WebSocketProfile } from "../../src/venues/websocket-profile-schema.ts";
import { createRecordedDecoder, decodeFrame, type PlainQuote } from "./quote-recorder.ts";

const PROFILES_DIR = join(import.meta.dir, "../../config/venues");
const FIXTURES_DIR = join(import.meta.dir, "../fixtures/venues");

/** Of FIX there is `fix-built-in-venues.test.ts`, of REST `rest/rest-venues.test.ts`. */
const WEBSOCKET_VENUES = venueNames().filter((name) => venueTransports().get(name) === "websocket");

/** Over gRPC, to start from. */
const OWN_PROTOS = ["quotes-book", "quotes-units"];

function builtIn(name: string): WebSocketProfile {
  const profile = findBuiltInProfile(name, "websocket");
  if (profile === null) throw new Error(`${name} is no built-in venue over WebSocket`);
  return profile;
}

describe("built-in venues", () => {
  test("are the files of config/venues, under their own names", () => {
    const files = readdirSync(PROFILES_DIR).map((file) => file.replace(/\.json$/, ""));
    expect(venueNames()).toEqual(files.sort());
    for (const name of venueNames()) expect(describeVenue(name)?.name).toBe(name);
  });

  test("include the six that are promised", () => {
    expect(venueNames()).toEqual(expect.arrayContaining(["binance", "coinbase", "kraken", "okx", "bybit", "bitstamp"]));
  });

  test("a profile from a file works like the built-in one", async () => {
    for (const [name, transport] of venueTransports()) {
      const text = await Bun.file(join(PROFILES_DIR, `${name}.json`)).text();
      expect(loadProfile(text, `${name}.json`, transport)).toEqual(findBuiltInProfile(name, transport) as VenueProfile);
    }
  });

  test("venueTransports() is what the profiles say", () => {
    for (const [name, transport] of venueTransports()) expect(describeVenue(name)?.transport).toBe(transport);
  });

  test("builtInProfileText() is a file to start from", () => {
    for (const [name, transport] of venueTransports()) {
      const text = builtInProfileText(name) ?? "";
      const { $schema: _, ...profile } = findBuiltInProfile(name, transport) as VenueProfile;
      expect(loadProfile(text, "copy.json", transport)).toEqual(profile as VenueProfile);
    }
    expect(builtInProfileText("nasdaq")).toBeNull();
  });

  test("describeVenue() knows the address of a gRPC venue, or that every feed has its own", () => {
    expect(describeVenue("finam")?.address).toBe("api.finam.ru:443");
    expect(describeVenue("quotes-units")?.address).toBeNull();
  });

  test("describeVenue() and findBuiltInProfile() know no other", () => {
    for (const name of ["nasdaq", "", "__proto__", "toString"]) {
      expect(findBuiltInProfile(name, "websocket")).toBeNull();
      expect(findBuiltInProfile(name, "fix")).toBeNull();
      expect(describeVenue(name)).toBeNull();
    }
  });

  test("listVenues() tells what there is to know", () => {
    expect(listVenues().map(({ name }) => name)).toEqual(venueNames());
    for (const venue of listVenues()) {
      expect(venue).toEqual(describeVenue(venue.name) as typeof venue);
      if (venue.transport === "fix") expect(venue.address).toBeNull();
      if (venue.transport === "websocket") expect(venue.address).toStartWith("wss://");
      if (venue.transport === "rest") expect(venue.address).toStartWith("https://");
      // What was written for this program has no page.
      if (!OWN_PROTOS.includes(venue.name)) expect(venue.docs).toStartWith("https://");
      expect(venue.defaultSymbols.length).toBeGreaterThan(0);
    }
  });

  test("count as dead only after a ping had time to be answered", () => {
    for (const name of WEBSOCKET_VENUES) {
      const { ping, limits } = builtIn(name);
      if (ping?.when === "idle") expect(limits.deadAfterMs).toBeGreaterThan(ping.everyMs * 1.9);
      expect(limits.staleAfterMs).toBeLessThanOrEqual(limits.deadAfterMs);
    }
  });
});

interface About {
  readonly symbols: readonly string[];
  readonly source: string;
  readonly date: string;
}

/** One line of `expected.jsonl`: the kind, and what it holds. */
interface Expected {
  readonly kind: string;
  readonly reason?: string;
  readonly quotes?: readonly PlainQuote[];
  readonly control?: unknown;
}

/** The lines of a file, without the last end of line. */
async function linesOf(file: string): Promise<string[]> {
  return (await Bun.file(file).text()).replace(/\n$/, "").split("\n");
}

describe("documented messages (test/fixtures/venues)", () => {
  test("are there for every built-in venue", () => {
    expect(readdirSync(FIXTURES_DIR).sort()).toEqual(WEBSOCKET_VENUES);
  });

  test.each(WEBSOCKET_VENUES)("%s: every message is read as expected", async (name) => {
    const folder = join(FIXTURES_DIR, name);
    const about: About = await Bun.file(join(folder, "about.json")).json();
    expect(about.source).not.toBe("");
    expect(about.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    const wire = await linesOf(join(folder, "wire.jsonl"));
    const expected: Expected[] = (await linesOf(join(folder, "expected.jsonl"))).map((line) => JSON.parse(line));
    const venue = compileVenue(builtIn(name));
    venue.subscribeRequests(about.symbols, () => 1, 0);
    const { decode } = createRecordedDecoder(venue, about.symbols);
    const seen = wire.map((line): Expected => {
      const { kind, reason, quotes } = decode(line);
      if (kind === "control") return { kind, control: venue.readControl(Buffer.from(line)) };
      return { kind, ...(reason === "" ? {} : { reason }), ...(quotes.length === 0 ? {} : { quotes }) };
    });
    expect(seen).toEqual(expected);
  });

  test.each(WEBSOCKET_VENUES)(
    "property: %s takes changed messages without a throw, and passes on JSON only",
    async (name) => {
      const folder = join(FIXTURES_DIR, name);
      const about: About = await Bun.file(join(folder, "about.json")).json();
      const wire = await linesOf(join(folder, "wire.jsonl"));
      const venue = compileVenue(builtIn(name));
      venue.subscribeRequests(about.symbols, () => 1, 0);
      const { decoder, recorder } = createRecordedDecoder(venue, about.symbols);
      const change = fc.record({
        at: fc.nat(),
        byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:0-.'))),
      });
      const changes = fc.array(change, { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(fc.constantFrom(...wire), changes, fc.nat(), (line, edits, cut) => {
          const frame = Buffer.from(line);
          for (const { at, byte } of edits) frame[at % frame.length] = byte;
          const bytes = cut % 5 === 0 ? frame.subarray(0, cut % frame.length) : frame;
          const { kind, quotes } = decodeFrame(decoder, recorder, bytes);
          venue.readControl(bytes);
          if (quotes.length > 0) expect(() => JSON.parse(recorder.lastRaw)).not.toThrow();
          if (kind === "rejected") expect(decoder.rejectReason).not.toBe("");
        }),
        { numRuns: 500 },
      );
    },
  );
});
