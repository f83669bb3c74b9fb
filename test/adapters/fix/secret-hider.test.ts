import { describe, expect, test } from "bun:test";
import { SecretHider } from "../../../src/adapters/fix/secret-hider.ts";

function hiderOf(password: string | null): SecretHider {
  return new SecretHider({ username: "trader", password: () => password });
}

describe("SecretHider", () => {
  test("text() hides the password wherever it stands", () => {
    expect(hiderOf("s3cret").text('Invalid password "s3cret" for trader')).toBe(
      'Invalid password "[redacted]" for trader',
    );
  });

  test("text() hides the fields of secrets, whatever delimits them", () => {
    expect(hiderOf(null).text("35=A\u0001554=abc\u000195=4\u000196=wxyz\u000134=1")).toBe(
      "35=A\u0001554=[redacted]\u000195=[redacted]\u000196=[redacted]\u000134=1",
    );
    expect(hiderOf(null).text("554=abc|925=def|1554=x")).toBe("554=[redacted]|925=[redacted]|1554=x");
  });

  test("text() hides a password that looks like the end of its own field", () => {
    expect(hiderOf("ab|cd").text("35=A\u0001554=ab|cd\u000134=1")).toBe("35=A\u0001554=[redacted]\u000134=1");
    expect(hiderOf(null).text("35=A\u0001554=ab|cd\u000134=1")).toBe("35=A\u0001554=[redacted]\u000134=1");
    expect(hiderOf("ab|cd").text("554=ab|cd|34=1")).toBe("554=[redacted]|34=1");
  });

  test("text() hides a password as it was sent: what has no byte is a question mark", () => {
    expect(hiderOf("s3cr€t").text("no user with s3cr?t")).toBe("no user with [redacted]");
  });

  test("peerText() hides before it cuts", () => {
    expect(hiderOf("s3cret").peerText(`${"x".repeat(197)}s3cret`)).toBe(`${"x".repeat(197)}[re`);
  });

  test("text() does not tear text apart over a password that is none", () => {
    expect(hiderOf("a").text("maintenance")).toBe("maintenance");
    expect(hiderOf(null).text("maintenance")).toBe("maintenance");
  });

  test("bytes() gives bytes without secrets as they are", () => {
    const bytes = Uint8Array.from([0, 255, 1, 61]);
    expect(hiderOf("s3cret").bytes(bytes)).toEqual(bytes);
  });

  test("bytes() hides what an LP echoes", () => {
    const echoed = hiderOf("s3cret").bytes(Buffer.from("8=FIX.4.4\u0001554=s3cret\u000110=000\u0001"));
    expect(Buffer.from(echoed).toString("latin1")).not.toContain("s3cret");
  });
});
