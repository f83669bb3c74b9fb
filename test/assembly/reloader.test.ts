import { describe, expect, test } from "bun:test";
import type { RunningFeed } from "../../src/adapters/running-feed.ts";
import { enabledFeeds, prepareFeeds } from "../../src/assembly/prepare-feeds.ts";
import { Reloader } from "../../src/assembly/reloader.ts";
import { createRereader } from "../../src/assembly/reread-config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import type { LogFields } from "../../src/domain/log.ts";
import { builtInProfileText, venueTransports } from "../../src/venues/built-in-venues.ts";
import { ScriptedAdapter } from "../harness/scripted-adapter.ts";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\n";
const ENV = {
  FEEDS: "oanda,mine",
  OANDA_SYMBOLS: "EUR_USD",
  OANDA_ACCOUNT: "101",
  OANDA_TOKEN_FILE: "/token",
  MINE_PROFILE: "/profile",
  MINE_SYMBOLS: "BTC/USD",
  KAFKA_BROKERS: "broker:9092",
  KAFKA_TLS: "true",
  KAFKA_TLS_CA_FILE: "/kafka-ca",
  ADMIN_TOKEN_FILE: "/admin",
};

const KRAKEN = JSON.parse(builtInProfileText("kraken") ?? "");

async function setUp() {
  const files: Record<string, string> = {
    "/token": "first",
    "/profile": builtInProfileText("kraken") ?? "",
    "/kafka-ca": CERTIFICATE,
    "/admin": "ann:0123456789abcdef",
  };
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
    return { text, mode: 0o100600 };
  };
  const options = { readFile, checkDictionary: async () => null, venues: venueTransports(), hostName: "here" };
  const loaded = loadConfig(ENV, options);
  if (loaded.config === null) throw new Error(JSON.stringify(loaded.problems));
  const { feeds } = await prepareFeeds(loaded.config, options);
  const enabled = enabledFeeds(feeds);
  const renewed: string[] = [];
  const tokens: string[] = [];
  const logged: string[] = [];
  const note = (fields: LogFields, event: string) =>
    void logged.push([event, fields["source"] ?? fields["variable"] ?? fields["part"] ?? ""].join(" ").trim());
  const log = { debug: note, info: note, warn: note, error: note };
  const symbolsByFeed = new Map<string, readonly string[]>();
  const reloader = new Reloader({
    config: loaded.config,
    enabled,
    feeds: enabled.map(
      ({ config }) => ({ setAdapter: () => void renewed.push(config.name) }) as unknown as RunningFeed,
    ),
    reread: createRereader(ENV, options, new Map([["/profile", files["/profile"] ?? ""]])),
    changedSymbols: () => symbolsByFeed,
    createAdapter: (feed) => {
      expect(feed.instruments).toBe(enabled[feed.feedIndex]?.instruments ?? []);
      return new ScriptedAdapter();
    },
    setTokens: (now) => void tokens.push(...now.map(({ token }) => token.reveal())),
    log: { ...log, child: () => ({ ...log, child: () => setNever() }) },
  });
  return { files, reloader, renewed, tokens, logged, symbolsByFeed };
}

function setNever(): never {
  throw new Error("no log is made of a child");
}

function profileWith(change: object): string {
  return JSON.stringify({ ...KRAKEN, ...change });
}

describe("reload()", () => {
  test("changes nothing when no file has changed, symbols of run time among them", async () => {
    const { reloader, renewed, logged, symbolsByFeed } = await setUp();
    symbolsByFeed.set("mine", ["ETH/USD"]);
    await reloader.reload("SIGHUP");
    expect([renewed, logged]).toEqual([[], ["reloaded"]]);
  });

  test("a new secret and a new profile give their feed a new adapter, once", async () => {
    const { files, reloader, renewed, logged } = await setUp();
    files["/token"] = "second";
    await reloader.reload("SIGHUP");
    files["/profile"] = profileWith({ description: "another" });
    await reloader.reload("SIGHUP");
    await reloader.reload("SIGHUP");
    expect(renewed).toEqual(["oanda", "mine"]);
    expect(logged).toEqual(["reload_applied oanda", "reloaded", "reload_applied mine", "reloaded", "reloaded"]);
  });

  test("new admin tokens count at once", async () => {
    const { files, reloader, tokens } = await setUp();
    files["/admin"] = "bob:abcdef0123456789";
    await reloader.reload("SIGHUP");
    expect(tokens).toEqual(["abcdef0123456789"]);
  });

  test("a problem anywhere leaves everything as it is, and is told", async () => {
    const { files, reloader, renewed, logged } = await setUp();
    files["/token"] = "second";
    files["/profile"] = "{";
    await reloader.reload("SIGHUP");
    expect(renewed).toEqual([]);
    expect(logged.every((line) => line.startsWith("reload_refused MINE_PROFILE"))).toBe(true);
    files["/profile"] = profileWith({});
    await reloader.reload("SIGHUP");
    expect(renewed).toEqual(expect.arrayContaining(["oanda"]));
  });

  test("what needs a restart is told: numbers, limits, Kafka's certificates", async () => {
    const { files, reloader, renewed, logged } = await setUp();
    files["/profile"] = profileWith({ limits: { ...KRAKEN.limits, symbolsPerConnection: 1 } });
    files["/kafka-ca"] = `${CERTIFICATE}other`;
    await reloader.reload("SIGHUP");
    expect(renewed).toEqual([]);
    expect(logged).toEqual([
      "reload_needs_restart mine",
      "reload_needs_restart Kafka's certificates and login",
      "reloaded",
    ]);
  });

  test("what is asked for while one is under way is done once more behind it", async () => {
    const { files, reloader, renewed, logged } = await setUp();
    const first = reloader.reload("SIGHUP");
    files["/token"] = "second";
    await Promise.all([first, reloader.reload("SIGHUP"), reloader.reload("SIGHUP")]);
    expect([renewed, logged.filter((line) => line === "reloaded").length]).toEqual([["oanda"], 2]);
  });
});
