import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { documentVariables, renderConfigHelp, renderConfigMarkdown } from "../../src/config/config-docs.ts";
import { catalogDefaults } from "../../src/config/variable-catalog.ts";

const ROOT = join(import.meta.dir, "..", "..");

/** The names the product's contract fixes; a change here is a breaking change for every user. */
const FIXED_NAMES = [
  "FEEDS",
  ...["ENABLED", "VENUE", "PROFILE", "URL", "SYMBOLS", "MAX_RETRIES", "INITIAL_DELAY_MS", "MAX_DELAY_MS"],
  "STALE_AFTER_MS",
  ...["HOST", "PORT", "SENDER", "TARGET", "SENDER_SUB", "TARGET_SUB", "HEARTBEAT_S", "USERNAME", "PASSWORD", "RESET"],
  ...["TLS", "TLS_CA_FILE", "TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_SERVER_NAME", "DEPTH", "PUBLISH", "SUBSCRIBE"],
  ...["LOGON_TIMEOUT_MS", "SUBSCRIBE_TIMEOUT_MS", "SESSION_START", "SESSION_END", "SESSION_TZ", "SESSION_DAYS"],
  "DICTIONARY",
  ...["POLL_INTERVAL_MS", "TIMEOUT_MS", "MAX_BODY_BYTES", "PUBLISH_UNCHANGED", "ACCOUNT", "TOKEN"],
  ...["ADDRESS", "PROTO_PATH", "PROTO_INCLUDE", "KEEPALIVE_MS", "KEEPALIVE_TIMEOUT_MS", "FIRST_MESSAGE_MS"],
].map((name) => (name === "FEEDS" ? name : `<FEED>_${name}`));

const FIXED_PROCESS_NAMES = [
  ...["KAFKA_BROKERS", "KAFKA_TOPIC", "KAFKA_EVENTS_TOPIC", "KAFKA_REJECTED_TOPIC", "KAFKA_CLIENT_ID"],
  ...["KAFKA_COMPRESSION", "KAFKA_TLS", "KAFKA_TLS_CA_FILE", "KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"],
  ...["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_CREATE_TOPICS"],
  ...["SINK", "INSTANCE_ID", "RAW_PAYLOAD", "LOG_LEVEL", "ADMIN_HOST", "ADMIN_PORT"],
  ...["STATE_DIR", "RECONNECT_EXHAUSTED", "BATCH_MAX_BYTES", "LINGER_MS", "DRAIN_MS"],
];

describe("documentVariables()", () => {
  const names = documentVariables().flatMap((group) => group.variables.map((variable) => variable.name));

  test("documentVariables() lists every fixed name", () => {
    for (const name of [...FIXED_NAMES, ...FIXED_PROCESS_NAMES]) expect(names).toContain(name);
  });

  test("documentVariables() lists each variable once, or once per transport where it differs", () => {
    for (const { variables } of documentVariables()) {
      expect(new Set(variables.map(({ name }) => name)).size).toBe(variables.length);
    }
    const again = new Set(names.filter((name, index) => names.indexOf(name) !== index));
    expect([...again].map((name) => name.replace("<FEED>_", "")).sort()).toEqual([
      ...["STALE_AFTER_MS", "SYMBOLS", "TLS", "TLS_CA_FILE", "TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_SERVER_NAME"],
      ...["TOKEN", "URL"],
    ]);
  });

  test("documentVariables() covers everything the program reads", () => {
    for (const variable of catalogDefaults().values()) {
      expect(names).toContain(variable.feed === null ? variable.name : `<FEED>_${variable.key}`);
    }
  });
});

describe("the committed documentation", () => {
  test("docs/configuration.md is what the schema says (else: bun scripts/generate-docs.ts)", () => {
    expect(readFileSync(join(ROOT, "docs/configuration.md"), "utf8")).toBe(renderConfigMarkdown());
  });

  test("docs/configuration.md marks the password as a secret with its file", () => {
    expect(renderConfigMarkdown()).toMatch(/`KAFKA_SASL_PASSWORD` \| \*\*secret\*\* .*`KAFKA_SASL_PASSWORD_FILE`/);
  });
});

describe("renderConfigHelp()", () => {
  const help = renderConfigHelp();

  test("renderConfigHelp() names every variable and fits a terminal", () => {
    for (const group of documentVariables()) {
      for (const variable of group.variables) expect(help).toContain(`\n  ${variable.name}`);
    }
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
    expect(help).not.toContain("`");
  });
});
