import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import { Secret } from "../../src/config/secret.ts";

describe("Secret", () => {
  const secret = new Secret("canary");

  test("reveal() gives the text", () => {
    expect(secret.reveal()).toBe("canary");
  });

  test("every other way of printing it gives [redacted]", () => {
    const texts = [
      String(secret),
      `${secret}`,
      `${secret as unknown as string}x`,
      JSON.stringify({ secret }),
      inspect({ secret }),
      Bun.inspect({ secret }),
      Bun.inspect(secret),
      JSON.stringify(structuredClone({ ...secret })),
      Object.values(secret).join(),
    ];
    expect(texts.join()).not.toContain("canary");
    expect(texts.slice(0, 7).every((text) => text.includes("[redacted]"))).toBe(true);
  });
});
