import { describe, expect, test } from "bun:test";
import { describeConfigTable } from "../../src/config/describe-config.ts";
import { configOf, type Files, loadedOf, problemsOf, systemError, warningsOf } from "./fixtures.ts";

const LP_ALPHA = {
  LP_ALPHA_ENABLED: "true",
  LP_ALPHA_HOST: "fix.example",
  LP_ALPHA_PORT: "9880",
  LP_ALPHA_SENDER: "US",
  LP_ALPHA_TARGET: "LP",
};

const PEM = "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n";

/** The settings of lp-alpha with these variables beside the needed ones. */
function fixOf(more: Readonly<Record<string, string>>, files: Files = {}) {
  const feed = configOf({ ...LP_ALPHA, ...more }, files).feeds.find(({ name }) => name === "lp-alpha");
  if (feed?.transport !== "fix" || feed.fix === null) throw new Error("lp-alpha is no whole FIX feed");
  return feed.fix;
}

function problemsWith(more: Readonly<Record<string, string>>, files: Files = {}): string[] {
  return problemsOf({ ...LP_ALPHA, ...more }, files);
}

describe("readFixFeed() values", () => {
  test("readFixFeed() has the documented defaults", () => {
    expect(fixOf({})).toEqual({
      host: "fix.example",
      port: 9880,
      sender: "US",
      target: "LP",
      senderSub: null,
      targetSub: null,
      heartbeatS: 30,
      username: null,
      password: null,
      reset: null,
      tls: null,
      depth: 1,
      publish: "top_change",
      subscribe: "on",
      logonTimeoutMs: 10_000,
      subscribeTimeoutMs: null,
      hours: { start: null, end: null, timeZone: null, days: null },
      dictionary: null,
    });
  });

  test("readFixFeed() takes every variable", () => {
    const fix = fixOf({
      LP_ALPHA_SENDER_SUB: "QUOTE",
      LP_ALPHA_TARGET_SUB: "PRICES",
      LP_ALPHA_HEARTBEAT_S: "10",
      LP_ALPHA_USERNAME: "edge one",
      LP_ALPHA_PASSWORD: "canary",
      LP_ALPHA_RESET: "Daily",
      LP_ALPHA_TLS: "ON",
      LP_ALPHA_DEPTH: "0",
      LP_ALPHA_PUBLISH: "every_update",
      LP_ALPHA_SUBSCRIBE: "off",
      LP_ALPHA_LOGON_TIMEOUT_MS: "5000",
      LP_ALPHA_SUBSCRIBE_TIMEOUT_MS: "7000",
      LP_ALPHA_SESSION_START: "22:00:05",
      LP_ALPHA_SESSION_END: "21:55",
      LP_ALPHA_SESSION_TZ: "Europe/London",
      LP_ALPHA_SESSION_DAYS: "Mon,Tue",
    });
    expect(fix).toMatchObject({
      senderSub: "QUOTE",
      targetSub: "PRICES",
      heartbeatS: 10,
      username: "edge one",
      reset: "daily",
      tls: { ca: null, client: null, serverName: null },
      depth: 0,
      publish: "every_update",
      subscribe: "off",
      logonTimeoutMs: 5000,
      subscribeTimeoutMs: 7000,
      hours: { start: "22:00:05", end: "21:55", timeZone: "Europe/London", days: "Mon,Tue" },
    });
    expect(fix.password?.reveal()).toBe("canary");
  });

  test("readFixFeed() reads the password from a file and shows it nowhere", () => {
    const env = { ...LP_ALPHA, LP_ALPHA_PASSWORD_FILE: "/run/pw" };
    const loaded = loadedOf(env, { "/run/pw": "canary\n" });
    expect(JSON.stringify(loaded) + describeConfigTable(loaded)).not.toContain("canary");
    expect(fixOf({ LP_ALPHA_PASSWORD_FILE: "/run/pw" }, { "/run/pw": "canary\n" }).password?.reveal()).toBe("canary");
  });

  test("readFixFeed() refuses what has another form, all at once and without the value of a secret", () => {
    const problems = problemsWith({
      LP_ALPHA_SENDER_SUB: "A B",
      LP_ALPHA_HEARTBEAT_S: "0",
      LP_ALPHA_USERNAME: "a\u0001554=b",
      LP_ALPHA_RESET: "montly",
      LP_ALPHA_TLS: "yes",
      LP_ALPHA_DEPTH: "-1",
      LP_ALPHA_PUBLISH: "all",
      LP_ALPHA_SESSION_START: "5pm",
      LP_ALPHA_SESSION_END: "24:00",
      LP_ALPHA_SESSION_TZ: "America/Gotham",
      LP_ALPHA_SESSION_DAYS: "Sun-Fry",
    });
    expect(problems.map((problem) => /^Cannot use LP_ALPHA_(\S+) as it must (.*?): /.exec(problem)?.slice(1))).toEqual([
      ["SENDER_SUB", "be 1 to 64 printable ASCII characters without spaces"],
      ["HEARTBEAT_S", "be >= 1"],
      ["USERNAME", "be 1 to 256 printable ASCII characters"],
      ["RESET", "be one of logon, daily, weekly, never"],
      ["TLS", "be one of off, on"],
      ["DEPTH", "be >= 0"],
      ["PUBLISH", "be one of top_change, every_update"],
      ["SESSION_START", "be a time of day, `HH:MM` or `HH:MM:SS`"],
      ["SESSION_END", "be a time of day, `HH:MM` or `HH:MM:SS`"],
      ["SESSION_TZ", "be the name of a time zone, as in the IANA data base"],
      ["SESSION_DAYS", "be `Sun-Fri`, `Mon,Tue,Wed` or `all`"],
    ]);
  });

  test("readFixFeed() takes 4096 symbols and no more", () => {
    const symbols = Array.from({ length: 4097 }, (_, i) => `S${i}`);
    expect(problemsWith({ LP_ALPHA_SYMBOLS: symbols.slice(1).join(",") })).toEqual([]);
    expect(problemsWith({ LP_ALPHA_SYMBOLS: symbols.join(",") })[0]).toContain("must list at most 4096 symbols");
  });

  test("readFixFeed() takes the built-in profile of the seed, another one, or a file", () => {
    const feed = (more: Readonly<Record<string, string>>, files: Files = {}) =>
      configOf({ ...LP_ALPHA, ...more }, files).feeds.find(({ name }) => name === "lp-alpha");
    expect(feed({})).toMatchObject({ venue: "fix-generic", profileFile: null });
    expect(feed({ LP_ALPHA_VENUE: "ctrader" })).toMatchObject({ venue: "ctrader", profileFile: null });
    expect(feed({ LP_ALPHA_PROFILE: "/lp.json" }, { "/lp.json": "{}" })).toMatchObject({
      venue: "lp-alpha",
      profileFile: "/lp.json",
    });
  });

  test("readFixFeed() refuses a venue of another transport", () => {
    expect(problemsWith({ LP_ALPHA_VENUE: "binance" })).toEqual([
      'Cannot use LP_ALPHA_VENUE as it must be a built-in venue over fix: current value is "binance" ' +
        "(`edge-ingester venues` lists them)",
    ]);
    expect(problemsOf({ BINANCE_VENUE: "ctrader" })[0]).toContain("must be a built-in venue over websocket");
  });
});

describe("readFixFeed() TLS", () => {
  const files = { "/ca": PEM, "/cert": PEM, "/key": PEM, "/none": "text", "/secret": systemError("EACCES") };

  test("readFixFeed() reads certificates and key", () => {
    const { tls } = fixOf(
      {
        LP_ALPHA_TLS: "on",
        LP_ALPHA_TLS_CA_FILE: "/ca",
        LP_ALPHA_TLS_CERT_FILE: "/cert",
        LP_ALPHA_TLS_KEY_FILE: "/key",
        LP_ALPHA_TLS_SERVER_NAME: "lp.example",
      },
      files,
    );
    expect(tls).toMatchObject({
      ca: { path: "/ca", pem: PEM },
      client: { certificate: { path: "/cert", pem: PEM }, key: { path: "/key" } },
      serverName: "lp.example",
    });
    expect(tls?.client?.key.pem.reveal()).toBe(PEM);
  });

  test("readFixFeed() refuses TLS settings while TLS is off", () => {
    const env = { LP_ALPHA_TLS_CA_FILE: "/ca", LP_ALPHA_TLS_SERVER_NAME: "lp.example" };
    expect(problemsWith(env, files)).toEqual([
      "Cannot use LP_ALPHA_TLS_CA_FILE as it must not be set unless LP_ALPHA_TLS is on: it is set (set LP_ALPHA_TLS=on)",
      "Cannot use LP_ALPHA_TLS_SERVER_NAME as it must not be set unless LP_ALPHA_TLS is on: it is set (set LP_ALPHA_TLS=on)",
    ]);
  });

  test("readFixFeed() refuses half a pair, a file that is no PEM and one that cannot be read", () => {
    const on = { LP_ALPHA_TLS: "on" };
    expect(problemsWith({ ...on, LP_ALPHA_TLS_CERT_FILE: "/cert" }, files)).toEqual([
      "Cannot use LP_ALPHA_TLS_KEY_FILE as it must be set together with LP_ALPHA_TLS_CERT_FILE: it is not set",
    ]);
    expect(problemsWith({ ...on, LP_ALPHA_TLS_KEY_FILE: "/key" }, files)).toEqual([
      "Cannot use LP_ALPHA_TLS_CERT_FILE as it must be set together with LP_ALPHA_TLS_KEY_FILE: it is not set",
    ]);
    expect(problemsWith({ ...on, LP_ALPHA_TLS_CA_FILE: "/none" }, files)[0]).toContain('there is none in "/none"');
    expect(problemsWith({ ...on, LP_ALPHA_TLS_CA_FILE: "/secret" }, files)[0]).toContain("permission denied");
  });

  test("readFixFeed() warns of a password that travels unencrypted, but not within this machine", () => {
    const warned = ["LP_ALPHA_TLS is off: the password of feed lp-alpha travels unencrypted"];
    const env = { ...LP_ALPHA, LP_ALPHA_PASSWORD: "canary" };
    expect(warningsOf(env)).toEqual(warned);
    expect(warningsOf({ ...env, LP_ALPHA_TLS: "on" })).toEqual([]);
    expect(warningsOf({ ...env, LP_ALPHA_HOST: "127.0.0.1" })).toEqual([]);
    expect(warningsOf(LP_ALPHA)).toEqual([]);
  });
});

describe("readFixFeed() dictionary", () => {
  test("readFixFeed() reads it", () => {
    expect(fixOf({ LP_ALPHA_DICTIONARY: "/lp.xml" }, { "/lp.xml": "<fix/>" }).dictionary).toEqual({
      path: "/lp.xml",
      xml: "<fix/>",
    });
  });

  test("readFixFeed() refuses one that is missing or empty", () => {
    const start = "Cannot use LP_ALPHA_DICTIONARY as it must name a FIX dictionary (QuickFIX XML) that can be read: ";
    const env = { LP_ALPHA_DICTIONARY: "/lp.xml" };
    expect(problemsWith(env)).toEqual([`${start}there is no such file at "/lp.xml"`]);
    expect(problemsWith(env, { "/lp.xml": " " })).toEqual([`${start}the file "/lp.xml" is empty`]);
  });
});

describe("STATE_DIR", () => {
  test("loadConfig() takes it, else what systemd gives, else a folder here", () => {
    expect(configOf({ STATE_DIR: "/srv/state" }).stateDir).toBe("/srv/state");
    expect(configOf({ STATE_DIRECTORY: "/var/lib/edge-ingester:/var/lib/other" }).stateDir).toBe(
      "/var/lib/edge-ingester",
    );
    expect(configOf({ STATE_DIRECTORY: "relative" }).stateDir).toBe("state");
    expect(configOf({}).stateDir).toBe("state");
    expect(configOf({ STATE_DIR: "/a", STATE_DIRECTORY: "/b" }).stateDir).toBe("/a");
  });
});
