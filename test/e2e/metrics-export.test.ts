import { expect, test } from "bun:test";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { start, WAIT_LIMIT_MS } from "./program.ts";

test("run sends its metrics to the collector of OTLP_METRICS_URL, and ends as if there were none", async () => {
  const sent: string[] = [];
  const logins = new Set<string | null>();
  const collector = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      logins.add(request.headers.get("x-login"));
      sent.push(await request.text());
      return new Response("{}", { headers: { "Content-Type": "application/json" } });
    },
  });
  const venue = startSimulator({ venue: "binance", seed: 7, ratePerSecond: 100 });
  try {
    const program = await start({
      FEEDS: "binance",
      BINANCE_URL: venue.url,
      BINANCE_SYMBOLS: "BTCUSDT",
      ADMIN_PORT: "0",
      SINK: "discard",
      OTLP_METRICS_URL: `${collector.url}v1/metrics`,
      OTLP_INTERVAL_MS: "1000",
      OTLP_HEADERS: "x-login=canary",
    });
    const isCounted = () => sent.some((body) => /"market_data_raw_ticks_total".{0,400}?"asDouble":[1-9]/s.test(body));
    await waitUntil(isCounted, { limitMs: WAIT_LIMIT_MS, what: "quotes at the collector" });
    program.run.signal("SIGTERM");
    const { code, stderr } = await program.run.ended;
    expect(code).toBe(0);
    expect([...logins]).toEqual(["canary"]);
    expect(stderr).not.toContain("canary");
    expect(stderr).not.toContain("metrics_export_failed");
  } finally {
    venue.stop();
    await collector.stop(true);
  }
});
