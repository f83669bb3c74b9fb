import { describe, expect, test } from "bun:test";
import { ControlDesk } from "../../../src/telemetry/control/control-desk.ts";
import type { ControlOutcome, FeedRequest } from "../../../src/telemetry/control/feed-control.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { createRedactor } from "../../../src/telemetry/redactor.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const TOKEN = "ann-0123456789abcdef";

interface Told {
  readonly feed: string;
  readonly request: FeedRequest;
}

function setUp({
  tokens = true,
  isLoopback = true,
  outcome,
}: {
  tokens?: boolean;
  isLoopback?: boolean;
  outcome?: ControlOutcome;
} = {}) {
  const told: Told[] = [];
  const logged: string[] = [];
  const redact = createRedactor([TOKEN]);
  const destination = { write: (line: string) => void logged.push(line), flush: () => {}, linesLost: 0 };
  const desk = new ControlDesk({
    control: {
      apply: async (feed, request) => {
        told.push({ feed, request });
        return outcome ?? { kind: "done", facts: { state: "live" } };
      },
    },
    tokens: tokens ? [{ name: "ann", token: { reveal: () => TOKEN } }] : [],
    adminHost: "127.0.0.1",
    isLoopback,
    redact,
    log: createLog({ level: "debug", redact, clock: new FakeClock(), destination }),
  });
  return { desk, told, logged };
}

function post(headers: Record<string, string> = {}, body: string | null = null): Request {
  return new Request("http://127.0.0.1:9464/feeds/okx/connect", {
    method: "POST",
    headers: { host: "127.0.0.1:9464", ...headers },
    body,
  });
}

async function statusOf(desk: ControlDesk, request: Request, path = "/feeds/okx/connect"): Promise<number> {
  return (await desk.answer(request, path, "127.0.0.1"))?.status ?? 0;
}

describe("answer()", () => {
  test("does what the owner of a token asks, and logs who it was", async () => {
    const { desk, told, logged } = setUp();
    const response = await desk.answer(post({ authorization: `Bearer ${TOKEN}` }), "/feeds/okx/connect", "10.0.0.7");
    expect([response?.status, await response?.json()]).toEqual([
      200,
      { feed: "okx", action: "connect", state: "live" },
    ]);
    expect(told).toEqual([{ feed: "okx", request: { action: "connect" } }]);
    const line = JSON.parse(logged[0]);
    expect(line).toMatchObject({
      event: "control_applied",
      source: "okx",
      action: "connect",
      address: "10.0.0.7",
      token: "ann",
    });
    expect(logged.join("")).not.toContain(TOKEN);
  });

  test("asks for a token where there is one, on loopback too, and logs the refusal", async () => {
    const { desk, told, logged } = setUp();
    expect(await statusOf(desk, post())).toBe(401);
    expect(await statusOf(desk, post({ authorization: "Bearer ann-0123456789abcdeX" }))).toBe(401);
    expect(told).toEqual([]);
    expect(JSON.parse(logged[0])).toMatchObject({
      event: "control_refused",
      address: "127.0.0.1",
      reason: "no valid token",
    });
  });

  test("refuses the page of a stranger, also one that made its name point to us", async () => {
    const { desk, told } = setUp({ tokens: false });
    expect(await statusOf(desk, post({ origin: "https://evil.example" }))).toBe(403);
    expect(await statusOf(desk, post({ origin: "null" }))).toBe(403);
    expect(await statusOf(desk, post({ host: "evil.example" }))).toBe(403);
    expect(await statusOf(desk, post({ host: "evil.example", origin: "http://evil.example" }))).toBe(403);
    expect(told).toEqual([]);
    expect(await statusOf(desk, post({ origin: "http://127.0.0.1:9464" }))).toBe(200);
  });

  test("says what is wrong: method, body, feed, state", async () => {
    const { desk } = setUp({ tokens: false });
    const get = new Request("http://127.0.0.1/feeds/okx/connect", { headers: { host: "127.0.0.1" } });
    expect(await statusOf(desk, get)).toBe(405);
    expect(await statusOf(desk, post({}, "{"))).toBe(400);
    const unknown = setUp({ tokens: false, outcome: { kind: "unknown", message: "there is no feed of this name" } });
    expect(await statusOf(unknown.desk, post())).toBe(404);
    const refused = setUp({ tokens: false, outcome: { kind: "refused", message: "the program is draining" } });
    expect(await statusOf(refused.desk, post())).toBe(409);
  });

  test("leaves every other path to the pages", async () => {
    const { desk } = setUp();
    expect(await desk.answer(post(), "/status", "127.0.0.1")).toBeNull();
  });
});

describe("refuseReading()", () => {
  test("pages off loopback need the token, all but the two for machines", () => {
    const { desk } = setUp({ isLoopback: false });
    const bare = new Request("http://edge/");
    const known = new Request("http://edge/", { headers: { authorization: `Basic ${btoa(`me:${TOKEN}`)}` } });
    expect(desk.refuseReading(bare, "/status")?.status).toBe(401);
    expect(desk.refuseReading(bare, "/metrics")?.headers.get("www-authenticate")).toContain("Basic");
    for (const path of ["/healthz", "/readyz"]) expect(desk.refuseReading(bare, path)).toBeNull();
    expect(desk.refuseReading(known, "/status")).toBeNull();
  });

  test("pages on loopback need none", () => {
    expect(setUp().desk.refuseReading(new Request("http://127.0.0.1/"), "/status")).toBeNull();
  });
});
