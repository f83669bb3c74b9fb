import { expect, test } from "bun:test";
import { LpMessages } from "../../../src/adapters/fix/lp-messages.ts";
import { SecretHider } from "../../../src/adapters/fix/secret-hider.ts";
import { FrameScanner } from "../../../src/fix/frame-scanner.ts";
import { buildMessage } from "../../../src/fix/message-builder.ts";
import { createPlainFixVenue } from "../../harness/fix-plain-venue.ts";

/** What is made of News (B) with this headline. */
function hear(headline: string): { farewells: string[]; lastNews: string } {
  const farewells: string[] = [];
  const messages = new LpMessages({
    venue: createPlainFixVenue(),
    symbols: new Map(),
    // News concerns neither books nor subscriptions.
    books: null as never,
    subscriptions: null as never,
    secrets: new SecretHider({ username: null, password: () => "s3cret" }),
    send: () => 0,
    onFarewell: (text) => farewells.push(text),
  });
  const scanner = new FrameScanner({
    maxMessageBytes: 1000,
    listener: { onFrame: (frame) => messages.take({ frame, receivedTimeUs: 0 }), onGarbage: () => {} },
  });
  const header = { beginString: "FIX.4.4", msgType: "B", sequence: 1, sender: "LP", target: "US", sendingTime: "" };
  scanner.feed(buildMessage(header, [[148, headline]]));
  return { farewells, lastNews: messages.lastNews };
}

test.each([
  "You'll be disconnected in 600 seconds. Please reconnect.",
  "Maintenance in 10 seconds, please re-connect",
  "You will be disconnected at 22:00 UTC",
])("News that we are about to be disconnected is a farewell: %s", (headline) => {
  expect(hear(headline).farewells).toEqual([headline]);
});

test.each(["Bank A disconnected", "Reconnected to venue 7", "End of day"])(
  "News of others is none, and is kept for the error of a session that breaks: %s",
  (headline) => {
    expect(hear(headline)).toEqual({ farewells: [], lastNews: headline });
  },
);

test("News is kept without our password", () => {
  expect(hear("Your password s3cret expires").lastNews).toBe("Your password [redacted] expires");
});
