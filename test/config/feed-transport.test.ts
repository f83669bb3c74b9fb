import { describe, expect, test } from "bun:test";
import { findTransport } from "../../src/config/feed-transport.ts";
import { configOf, type Files, problemsOf, systemError, VENUES } from "./fixtures.ts";

function transportOf(env: Readonly<Record<string, string>>, files: Files = {}): string {
  return findTransport("own", {
    env,
    venues: VENUES,
    readFile: (path) => {
      const file = files[path];
      if (typeof file !== "string") throw systemError("ENOENT");
      return { text: file, mode: 0 };
    },
  });
}

describe("findTransport()", () => {
  test("findTransport() is the built-in venue's, by _VENUE or by name", () => {
    expect(transportOf({ OWN_VENUE: "ctrader" })).toBe("fix");
    expect(transportOf({ OWN_VENUE: "kraken" })).toBe("websocket");
    expect(transportOf({ OWN_VENUE: "oanda" })).toBe("rest");
    expect(transportOf({ OWN_VENUE: "finam" })).toBe("grpc");
    const env = { FEEDS: "ctrader", CTRADER_SYMBOLS: "1", CTRADER_HOST: "h", CTRADER_PORT: "1" };
    const { feeds } = configOf({ ...env, CTRADER_SENDER: "S", CTRADER_TARGET: "T" });
    expect(feeds[0]).toMatchObject({ name: "ctrader", transport: "fix", venue: "ctrader", isEnabled: true });
  });

  test("findTransport() is what the profile's file says", () => {
    const files = {
      "/fix": '{"transport":"fix"}',
      "/rest": '{"transport":"rest"}',
      "/grpc": '{"transport":"grpc"}',
      "/ws": '{"transport":"websocket"}',
    };
    expect(transportOf({ OWN_PROFILE: "/rest" }, files)).toBe("rest");
    expect(transportOf({ OWN_PROFILE: "/grpc" }, files)).toBe("grpc");
    expect(transportOf({ OWN_PROFILE: " /fix " }, files)).toBe("fix");
    expect(transportOf({ OWN_PROFILE: "/ws", OWN_HOST: "h" }, files)).toBe("websocket");
  });

  test("findTransport() goes by the variables that are set where the file cannot tell", () => {
    const files = { "/broken": "{", "/null": "null", "/list": "[]", "/other": '{"transport":"pigeon"}' };
    for (const path of [...Object.keys(files), "/missing"]) {
      expect(transportOf({ OWN_PROFILE: path, OWN_SENDER: "S" }, files)).toBe("fix");
      expect(transportOf({ OWN_PROFILE: path, OWN_URL: "wss://h" }, files)).toBe("websocket");
      expect(transportOf({ OWN_PROFILE: path, OWN_URL: "HTTPS://h" }, files)).toBe("rest");
      expect(transportOf({ OWN_PROFILE: path, OWN_ADDRESS: "h:1" }, files)).toBe("grpc");
      expect(transportOf({ OWN_PROFILE: path, OWN_TLS: "on", OWN_HOST: "h" }, files)).toBe("fix");
      expect(transportOf({ OWN_PROFILE: path, OWN_POLL_INTERVAL_MS: "1" }, files)).toBe("rest");
      expect(transportOf({ OWN_PROFILE: path }, files)).toBe("websocket");
    }
  });

  test("a profile that cannot be read is told once, and the feed's other variables are not called unknown", () => {
    const env = { FEEDS: "own", OWN_PROFILE: "/missing", OWN_SYMBOLS: "EUR/USD", OWN_HOST: "h", OWN_PORT: "1" };
    expect(problemsOf({ ...env, OWN_SENDER: "S", OWN_TARGET: "T" })).toEqual([
      'Cannot use OWN_PROFILE as it must name a venue profile that can be read: there is no such file at "/missing"',
    ]);
  });
});
