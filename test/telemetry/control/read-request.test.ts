import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { isControlPath, readRequest } from "../../../src/telemetry/control/read-request.ts";

describe("isControlPath()", () => {
  test("knows the four requests to a feed and nothing else", () => {
    for (const action of ["connect", "disconnect", "resubscribe", "symbols"]) {
      expect(isControlPath(`/feeds/lp-alpha/${action}`)).toBe(true);
    }
    for (const path of ["/feeds/a/delete", "/feeds//connect", "/feeds/a/b/connect", "/status", "/feeds/a/connect/"]) {
      expect([path, isControlPath(path)]).toEqual([path, false]);
    }
  });
});

describe("readRequest()", () => {
  test("reads each request with its symbols", () => {
    expect(readRequest("/feeds/okx/connect", "")).toEqual({
      kind: "request",
      feed: "okx",
      request: { action: "connect" },
    });
    expect(readRequest("/feeds/okx/resubscribe", "{}")).toMatchObject({ request: { symbols: [] } });
    expect(readRequest("/feeds/okx/resubscribe", '{"symbols":["A"]}')).toMatchObject({ request: { symbols: ["A"] } });
    expect(readRequest("/feeds/okx/symbols", '{"add":["A","B"],"remove":["C"]}')).toMatchObject({
      request: { action: "symbols", add: ["A", "B"], remove: ["C"] },
    });
  });

  test("refuses a body that says something else", () => {
    const wrong: [string, string][] = [
      ["connect", "[]"],
      ["connect", '{"now":true}'],
      ["resubscribe", "{"],
      ["resubscribe", '{"symbols":"A"}'],
      ["symbols", "{}"],
      ["symbols", '{"add":[]}'],
      ["symbols", '{"add":["A","A"]}'],
      ["symbols", '{"add":[1]}'],
      ["symbols", '{"add":[""]}'],
    ];
    for (const [action, body] of wrong) {
      expect([action, body, readRequest(`/feeds/okx/${action}`, body).kind]).toEqual([action, body, "bad"]);
    }
  });

  test("never throws, whatever the body", () => {
    void fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        expect(["request", "bad"]).toContain(readRequest("/feeds/okx/symbols", body).kind);
      }),
    );
  });
});
