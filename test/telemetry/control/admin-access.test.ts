import { describe, expect, test } from "bun:test";
import { AdminAccess } from "../../../src/telemetry/control/admin-access.ts";

function operator(name: string, token: string) {
  return { name, token: { reveal: () => token } };
}

const ACCESS = new AdminAccess([operator("ann", "ann-0123456789abcdef"), operator("bob", "bob-0123456789abcdef")]);

function callerOf(authorization: string | null) {
  return ACCESS.callerOf(new Headers(authorization === null ? {} : { authorization }));
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

describe("callerOf()", () => {
  test("names the owner of the token, as Bearer and as the password of Basic", () => {
    expect(callerOf("Bearer ann-0123456789abcdef")).toEqual({ kind: "known", name: "ann" });
    expect(callerOf("bearer  bob-0123456789abcdef ")).toEqual({ kind: "known", name: "bob" });
    expect(callerOf(basic("whoever:bob-0123456789abcdef"))).toEqual({ kind: "known", name: "bob" });
  });

  test("does not know what is none of the tokens", () => {
    const wrong = ["Bearer ann-0123456789abcdeX", "Bearer ann-0123456789abcde", "Bearer", "ann-0123456789abcdef", ""];
    const others = [basic("ann-0123456789abcdef"), basic(":"), "Basic ***", `Bearer ${"x".repeat(2000)}`, null];
    for (const header of [...wrong, ...others])
      expect([header, callerOf(header)]).toEqual([header, { kind: "unknown" }]);
  });

  test("asks nobody where there is no token, and follows a change of tokens at once", () => {
    const access = new AdminAccess([]);
    expect(access.callerOf(new Headers())).toEqual({ kind: "known", name: null });
    access.setTokens([operator("eve", "eve-0123456789abcdef")]);
    expect(access.callerOf(new Headers())).toEqual({ kind: "unknown" });
  });
});
