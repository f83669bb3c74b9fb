import { describe, expect, test } from "bun:test";
import { quote, redact } from "../../src/config/redact.ts";

describe("redact()", () => {
  test("redact() shows nothing of a secret, not even its length", () => {
    expect(redact("x", "secret")).toBe("[redacted]");
    expect(redact("", "secret")).toBe("[redacted]");
  });

  test("redact() keeps what is harmless of a URL", () => {
    expect(redact("wss://h.example:9443/ws/btcusdt@bookTicker", "url")).toBe(
      "wss://h.example:9443/ws/btcusdt@bookTicker",
    );
    expect(redact("wss://u:p@h/p?k=v#f", "url")).toBe("wss://[redacted]@h/p?[redacted]");
    expect(redact("b1:9092,b2:9092", "url")).toBe("b1:9092,b2:9092");
  });

  test("redact() hides user and query of text that is no URL", () => {
    for (const text of ["u:p@h", "x://u:p@h", "wss://u:p/p@h", "u:p?p@h", "b:1,u:p,p@h"]) {
      expect(redact(text, "url")).not.toMatch(/[:,/]p/);
    }
    expect(redact("nonsense?p", "url")).toBe("nonsense?[redacted]");
  });

  test("redact() bounds what it shows", () => {
    expect(redact("x".repeat(500), "plain")).toBe(`${"x".repeat(120)}...`);
  });

  test("redact() and quote() hide a key that was pasted as a path", () => {
    expect(redact("-----BEGIN PRIVATE KEY-----\nabc", "plain")).toBe("[redacted]");
    expect(quote("-----BEGIN PRIVATE KEY-----\nabc")).toBe('"[redacted]"');
  });

  test("quote() escapes all but printable ASCII", () => {
    expect(quote('a"\n\u001b\u007fé')).toBe('"a\\"\\n\\u001b\\u007f\\u00e9"');
  });
});
