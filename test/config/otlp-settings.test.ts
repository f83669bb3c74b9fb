import { describe, expect, test } from "bun:test";
import { configSecrets } from "../../src/assembly/config-secrets.ts";
import { configOf, problemsOf, warningsOf } from "./fixtures.ts";

const URL = { OTLP_METRICS_URL: "https://collector.example:4318/v1/metrics" };

describe("readOtlp()", () => {
  test("exports nothing unless told where to", () => {
    expect(configOf({}).otlp).toBeNull();
  });

  test("reads address, interval and headers, which are secret", () => {
    const env = {
      ...URL,
      OTLP_INTERVAL_MS: "1000",
      OTLP_HEADERS: "Authorization=Bearer a=b==, x-tenant=desk 7\nx-n=1",
    };
    const config = configOf(env);
    expect(config.otlp).toMatchObject({ url: URL.OTLP_METRICS_URL, intervalMs: 1000 });
    expect([...(config.otlp?.headers ?? [])].map(([name, value]) => [name, value.reveal()])).toEqual([
      ["authorization", "Bearer a=b=="],
      ["x-tenant", "desk 7"],
      ["x-n", "1"],
    ]);
    expect(JSON.stringify(config.otlp?.headers.get("authorization"))).not.toContain("Bearer");
    expect(configSecrets(config)).toContain("Bearer a=b==");
  });

  test("reads the headers from a file", () => {
    const config = configOf({ ...URL, OTLP_HEADERS_FILE: "/run/headers" }, { "/run/headers": "api-key=canary\n" });
    expect(config.otlp?.headers.get("api-key")?.reveal()).toBe("canary");
  });

  test("refuses what is no header, without showing it", () => {
    for (const headers of ["canary", "a b=canary", "x=", "x=canary,X=canary2", "x=caf\u00e9"]) {
      const problems = problemsOf({ ...URL, OTLP_HEADERS: headers });
      expect(problems).toEqual([expect.stringMatching(/^Cannot use OTLP_HEADERS as it must hold up to 16 headers/)]);
      expect(problems.join()).not.toContain("canary");
    }
    expect(problemsOf({ OTLP_METRICS_URL: "collector:4318" })).toHaveLength(1);
  });

  test("warns of headers that travel unencrypted, but not within this machine, and of headers for nobody", () => {
    const headers = { OTLP_HEADERS: "x=1" };
    expect(warningsOf({ ...headers, OTLP_METRICS_URL: "http://collector.example:4318/v1/metrics" })).toEqual([
      "OTLP_METRICS_URL is not encrypted: OTLP_HEADERS can be read on the way",
    ]);
    expect(warningsOf({ ...headers, OTLP_METRICS_URL: "http://127.0.0.1:4318/v1/metrics" })).toEqual([]);
    expect(warningsOf(headers)).toEqual(["OTLP_HEADERS has no effect: OTLP_METRICS_URL is not set"]);
  });
});
