import { afterEach, describe, expect, test } from "bun:test";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { RequestBudget } from "../../../src/runtime/request-budget.ts";
import { FakeRestServer } from "../../harness/fake-rest-server.ts";
import { PLAIN_TIMEOUT_MS, plainRestProfile } from "../../harness/rest-venue.ts";
import { builtInRestProfile } from "../../venues/rest/rest-fixtures.ts";
import { PollClock, quotes, RestRig, type RestRigOptions } from "./rest-rig.ts";

const rigs: RestRig[] = [];

function createRig(options: RestRigOptions = {}): RestRig {
  const rig = new RestRig(options);
  rigs.push(rig);
  return rig;
}

afterEach(() => {
  for (const rig of rigs.splice(0)) rig.stop();
});

describe("RestSession: the venue's budget", () => {
  const TOO_MANY = { kind: "answer", status: 429, headers: { "Retry-After": "3" } } as const;

  test("a short Retry-After is sat out: nothing is sent meanwhile, and the session goes on", async () => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () =>
      rig.server.requests.length === 2 ? TOO_MANY : quotes(`A ${rig.server.requests.length} 9`);
    rig.start();
    await rig.advance(1000);
    expect(rig.server.requests.length).toBe(2);
    expect(rig.budget.status()[0]).toMatchObject({ blockedForMs: 3000, blockReason: "HTTP status 429" });
    await rig.advance(2900);
    expect(rig.server.requests.length).toBe(2);
    await rig.advance(300);
    expect(rig.quotes.quotes).toEqual(["A 1/9", "A 3/9"]);
    expect(rig.ends).toEqual([]);
  });

  test.each([
    ["seconds", "60"],
    ["a date", new Date(1_700_000_000_000 + 61_000).toUTCString()],
  ])("a long Retry-After in %s ends the session, and says for how long", async (_, retryAfter) => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () => ({ ...TOO_MANY, headers: { "Retry-After": retryAfter } });
    rig.start();
    await rig.advance(1000);
    const end = (await rig.end()) as IngestError;
    expect(end).toMatchObject({ code: "rate_limited", retry: "backoff" });
    expect(end.retryAfterMs).toBeGreaterThan(58_000);
    expect(end.retryAfterMs).toBeLessThanOrEqual(61_000);
    expect(rig.server.requests.length).toBe(1);
  });

  test("a Retry-After with a date is meant on the venue's clock, however wrong ours is", async () => {
    const rig = createRig({ symbols: ["A"] });
    const headers = { Date: "Tue, 14 Nov 2023 20:00:00 GMT", "Retry-After": "Tue, 14 Nov 2023 20:00:05 GMT" };
    rig.server.onRequest = () => ({ kind: "answer", status: 429, headers });
    rig.start();
    await rig.advance(100);
    expect(rig.budget.status()[0].blockedForMs).toBeGreaterThan(4800);
    expect(rig.budget.status()[0].blockedForMs).toBeLessThanOrEqual(5000);
  });

  test("a ban holds every feed of the host, also one that starts anew too soon", async () => {
    const clock = new PollClock();
    const server = new FakeRestServer();
    const budget = new RequestBudget(clock);
    const profile = builtInRestProfile("binance-rest");
    const first = createRig({ clock, server, budget, profile, symbols: ["BTCUSDT"] });
    const second = createRig({ clock, server, budget, profile, symbols: ["ETHUSDT"] });
    server.onRequest = () => ({ kind: "answer", status: 418, body: '{"code":-1003,"msg":"IP banned"}' });
    first.start();
    await first.advance(100);
    second.start();
    await second.advance(1000);
    expect(await second.end()).toMatchObject({ code: "rate_limited" });
    expect(await first.end()).toMatchObject({ code: "rate_limited" });
    expect((first.ends[0] as IngestError).message).toContain("-1003: IP banned");
    expect(server.requests.length).toBe(1);
  });

  test("refusals in a row that ask for little each time end the session too", async () => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () => ({ ...TOO_MANY, headers: { "Retry-After": "1" } });
    rig.start();
    await rig.advance(10_000);
    expect(await rig.end()).toMatchObject({ code: "rate_limited", retryAfterMs: 1000 });
    expect(rig.server.requests.length).toBe(5);
  });

  test("the interval stretches as the venue's counter runs full, and recovers by itself", async () => {
    const profile = plainRestProfile({
      request: { path: "/quotes", query: { symbols: "{symbols}" } },
      polling: { intervalMs: 200, timeoutMs: PLAIN_TIMEOUT_MS },
      budget: { windows: [{ weight: 100, windowMs: 10_000, usage: { used: "X-Used" } }] },
    });
    const rig = createRig({ profile, symbols: ["A"] });
    let used = "0";
    rig.server.onRequest = () => ({ ...quotes("A 1 2"), headers: { "X-Used": used } });
    const askedWithin = async (ms: number) => {
      const before = rig.server.requests.length;
      await rig.advance(ms);
      return rig.server.requests.length - before;
    };
    rig.start();
    expect(await askedWithin(4000)).toBe(21);
    used = "90";
    await rig.advance(1000);
    expect(await askedWithin(4000)).toBeLessThan(6);
    used = "1";
    await rig.advance(2000);
    expect(await askedWithin(4000)).toBeGreaterThan(17);
    expect(rig.ends).toEqual([]);
  });

  test("two feeds of one host share its window", async () => {
    const clock = new PollClock();
    const server = new FakeRestServer();
    const budget = new RequestBudget(clock);
    const profile = plainRestProfile({
      budget: { windows: [{ weight: 2, windowMs: 1000 }] },
      polling: { intervalMs: 100, timeoutMs: PLAIN_TIMEOUT_MS },
    });
    const [first, second] = [0, 1].map(() => createRig({ clock, server, budget, profile, symbols: ["A"] }));
    server.onRequest = () => quotes("A 1 2");
    first.start();
    second.start();
    await first.advance(5000);
    expect(server.requests.length).toBeGreaterThanOrEqual(10);
    expect(server.requests.length).toBeLessThanOrEqual(11);
    expect(Math.abs(first.monitor.data - second.monitor.data)).toBeLessThanOrEqual(1);
  });
});
