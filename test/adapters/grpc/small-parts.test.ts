import { describe, expect, test } from "bun:test";
import * as grpc from "@grpc/grpc-js";
import { createMetadata } from "../../../src/adapters/grpc/call-metadata.ts";
import { MessageOutbox } from "../../../src/adapters/grpc/message-outbox.ts";
import { connectError, Status, statusMeaning } from "../../../src/adapters/grpc/status-meaning.ts";
import { TokenStore } from "../../../src/adapters/token-store.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

describe("status codes", () => {
  test("are the library's", () => {
    const names = Object.entries(Status).map(([name, code]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
      code,
    ]);
    const theirs = Object.entries(grpc.status).filter(([, code]) => typeof code === "number");
    expect(Object.fromEntries(names)).toEqual(Object.fromEntries(theirs));
  });

  test.each([
    ["unauthenticated", "logon_refused", "never"],
    ["permissionDenied", "logon_refused", "never"],
    ["invalidArgument", "subscription_refused", "never"],
    ["unimplemented", "unsupported", "never"],
    ["cancelled", "venue_error", "backoff"],
    ["deadlineExceeded", "venue_error", "backoff"],
    ["aborted", "venue_error", "backoff"],
    ["dataLoss", "venue_error", "backoff"],
  ] as const)("%s is %s, retry %s", (name, code, retry) => {
    const meaning = statusMeaning(
      "host:1",
      { code: Status[name], details: "so\nit is", metadata: new grpc.Metadata() },
      0,
    );
    expect(meaning).toMatchObject({ code, retry });
    expect((meaning as Error).message).toContain('"so it is"');
  });

  test("a server's wish to be left alone is obeyed", () => {
    const metadata = new grpc.Metadata();
    metadata.set("grpc-retry-pushback-ms", "2500");
    const status = { code: Status.unavailable, details: "busy", metadata };
    expect(statusMeaning("host:1", status, 0)).toMatchObject({ retryAfterMs: 2500 });
    const other = new grpc.Metadata();
    other.set("retry-after", "7");
    expect(statusMeaning("host:1", { ...status, metadata: other }, 0)).toMatchObject({ retryAfterMs: 7000 });
  });

  test.each([
    ["connect ECONNREFUSED 127.0.0.1:1", "connect_refused"],
    ["Name resolution failed for target dns:nowhere:1", "dns_failed"],
    ["unable to verify the first certificate", "tls_failed"],
    ["something else", "connect_failed"],
  ])("a connection that failed with %p is %s", (details, code) => {
    expect(connectError("host:1", details).code as string).toBe(code);
  });
});

describe("TokenStore", () => {
  test("reveals what is configured, and later what was read anew", async () => {
    const texts = ["new\n", "new\n", "", null];
    const store = new TokenStore(
      () => "old",
      async () => texts.shift() ?? null,
    );
    expect(store.reveal()).toBe("old");
    expect(await store.refresh()).toBe(true);
    expect(store.reveal()).toBe("new");
    expect(await store.refresh()).toBe(false);
    expect(await store.refresh()).toBe(false);
    expect(await store.refresh()).toBe(false);
    expect(store.reveal()).toBe("new");
  });

  test("without a file there is nothing to read", async () => {
    expect(await new TokenStore(() => "a", null).refresh()).toBe(false);
  });
});

describe("createMetadata()", () => {
  const make = (token: string | null) =>
    createMetadata(grpc, { authorization: "Bearer {token}", app: "x" }, { token, target: "host:1" });

  test("puts the token in its place, whatever it holds", () => {
    expect(make("a$&b").getMap()).toEqual({ authorization: "Bearer a$&b", app: "x" });
  });

  test.each([null, "two\nlines", "ключ"])("%p is no token, and is not told", (token) => {
    expect(() => make(token)).toThrow("Cannot log on to host:1");
    expect(() => make(token)).not.toThrow(/two|ключ/);
  });
});

describe("MessageOutbox", () => {
  test("sends one at a time, in order, as far apart as the venue wants", async () => {
    const clock = new FakeClock();
    const sent: string[] = [];
    let onSent: (() => void) | null = null;
    const outbox = new MessageOutbox(clock, 50, (message, done) => {
      sent.push(Buffer.from(message).toString());
      onSent = done;
    });
    const taken = () => (onSent as (() => void) | null)?.();
    for (const text of ["a", "b", "c"]) outbox.push(Buffer.from(text));
    expect(sent).toEqual(["a"]);
    taken();
    expect(sent).toEqual(["a"]);
    await clock.advance(50);
    expect(sent).toEqual(["a", "b"]);
    outbox.close();
    taken();
    await clock.advance(500);
    expect(sent).toEqual(["a", "b"]);
    expect(outbox.push(Buffer.from("d"))).toBe(false);
  });
});

test("the adapter's module loads neither the library nor protobufjs", async () => {
  const program = `
    await import("${import.meta.dir}/../../../src/adapters/grpc/grpc-adapter.ts");
    await import("${import.meta.dir}/../../../src/adapters/grpc/load-proto-files.ts");
    const count = () => Object.keys(require.cache).filter((name) => /grpc-js|protobufjs/.test(name)).length;
    const before = count();
    await import("@grpc/grpc-js");
    console.log(JSON.stringify({ before, hasSome: count() > 0 }));`;
  const child = Bun.spawn([process.execPath, "-e", program], { cwd: import.meta.dir, stdout: "pipe", stderr: "pipe" });
  const [output, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect(complaint).toBe("");
  expect(JSON.parse(output)).toEqual({ before: 0, hasSome: true });
});
