import { describe, expect, test } from "bun:test";
import { basename, join } from "node:path";
import { prepareFeeds } from "../../src/assembly/prepare-feeds.ts";
import { COMMANDS } from "../../src/commands/catalog.ts";
import { type Command, ExitCode } from "../../src/commands/command.ts";
import { documentVariables } from "../../src/config/config-docs.ts";
import { isFeedName } from "../../src/config/feed-names.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { renderProblems } from "../../src/config/problems.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { parseDemoArguments } from "../../src/simulator/demo-options.ts";
import { venueTransports } from "../../src/venues/built-in-venues.ts";
import { commandsOf, type DocumentedCommand, examplesOf, readPages } from "./documented-commands.ts";

// What the pages and help texts tell people to type: it is run where that needs no network, else its words, options and
// variables are held against the program.

/** They connect nothing and end by themselves. */
const RUNNABLE = ["help", "version", "venues", "schema", "completion"];
const BUILD_SCRIPT = join(import.meta.dir, "../../build.sh");

const PAGES = readPages();
const BUILD_USAGE = Bun.spawnSync([BUILD_SCRIPT, "help"]).stdout.toString();
const ALL = [
  ...PAGES.flatMap(commandsOf),
  ...COMMANDS.flatMap((command) => examplesOf(command.name, command.help)),
].filter((command) => !command.args.includes("<command>"));

/** The files the pages name: the profiles they show, and what a password may be. */
const SHOWN_FILES: Readonly<Record<string, string>> = {
  "meridian.json": shownProfile("docs/add-a-venue.md"),
  "aurora.json": shownProfile("docs/add-a-fix-lp.md"),
  "aurora-password": "secret",
  "boreal.json": shownProfile("docs/add-a-rest-venue.md"),
  "boreal-token": "secret",
  "cygnus.json": shownProfile("docs/add-a-grpc-venue.md"),
  "cygnus.proto": /^```proto\n(.*?)\n```$/ms.exec(textOf("docs/add-a-grpc-venue.md"))?.[1] ?? "",
  "cygnus-token": "secret",
};

function shownProfile(page: string): string {
  return /^```json\n(.*?)\n```$/ms.exec(textOf(page))?.[1] ?? "";
}

function textOf(path: string): string {
  return PAGES.find((page) => page.path === path)?.text ?? "";
}

/** What is wrong with a command line; empty when it works as it is shown. */
async function problemWith(command: DocumentedCommand): Promise<string> {
  if (command.program === "build.sh") return problemWithBuild(command.args);
  const [name = "run", ...rest] = command.args;
  const found = COMMANDS.find((candidate) => candidate.name === name);
  if (found === undefined) return `there is no command '${name}'`;
  for (const word of rest) {
    const option = /^--[a-z-]+/.exec(word)?.[0];
    if (option !== undefined && !found.help.includes(option)) return `${name} has no option ${option}`;
  }
  if (RUNNABLE.includes(name)) return await problemWithRunning(found, rest);
  if (name === "demo") return problemWithDemo(rest);
  if (name === "simulate") return "";
  if (name === "fix") return rest[0] === "decode" ? "" : `fix has no '${rest[0]}'`;
  if (name === "spool")
    return ["ls", "verify", "export", "drop"].includes(rest[0]?.split("|")[0] ?? "") ? "" : `spool has no '${rest[0]}'`;
  if (name === "probe" || name === "record") return isFeedName(rest[0] ?? "") ? "" : `${name} wants a feed first`;
  if (name === "replay") return rest[0]?.endsWith(".rec") ? "" : "replay wants a recording first";
  if (name === "status") return "";
  const words = rest.filter((word) => !word.startsWith("--")).join(" ");
  if (words !== (name === "topics" ? "create" : "")) return `${name} takes no word '${words}'`;
  return await problemWithEnvironment(command.env);
}

function problemWithBuild([name = "", ...rest]: readonly string[]): string {
  if (!new RegExp(`^  ${name}\\b`, "m").test(BUILD_USAGE)) return `build.sh has no command '${name}'`;
  const unknown = rest.find((word) => word.startsWith("--") && !BUILD_USAGE.includes(word));
  return unknown === undefined ? "" : `build.sh has no option ${unknown}`;
}

async function problemWithRunning(command: Command, args: readonly string[]): Promise<string> {
  let complaint = "";
  const code = await command.run({
    args,
    env: {},
    clock: new SystemClock(),
    random: () => 0.5,
    hostName: "here",
    stop: new AbortController().signal,
    print: () => {},
    onHangup: () => {},
    printAll: async () => true,
    complain: (text) => {
      complaint += text;
    },
    protect: () => {},
    terminal: null,
  });
  return code === ExitCode.ok ? "" : `ends with ${code}: ${complaint}`;
}

function problemWithDemo(args: readonly string[]): string {
  try {
    parseDemoArguments(args, () => 0.5);
    return "";
  } catch (error) {
    return String(error);
  }
}

async function problemWithEnvironment(env: Readonly<Record<string, string>>): Promise<string> {
  const readFile = (path: string) => {
    const text = SHOWN_FILES[basename(path)];
    if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
    return { text, mode: 0o100600 };
  };
  const loaded = loadConfig(env, { readFile, venues: venueTransports(), hostName: "here" });
  if (loaded.config === null) return renderProblems(loaded.problems);
  const prepared = await prepareFeeds(loaded.config, { readFile, checkDictionary: async () => null });
  return renderProblems(prepared.problems);
}

describe("what people are told to type", () => {
  test("is found at all", () => {
    const shown = ALL.map(({ program, args }) => [program, ...args].join(" "));
    for (const line of [
      "build.sh demo",
      "build.sh test",
      "edge-ingester topics create",
      "edge-ingester check --connect",
      "edge-ingester run",
      "edge-ingester venues show kraken",
    ]) {
      expect(shown).toContain(line);
    }
  });

  for (const command of ALL) {
    const line = [...Object.entries(command.env).map(([name, value]) => `${name}=${value}`), ...command.args].join(" ");
    test(`${command.at} works: ${line}`, async () => {
      expect(await problemWith(command)).toBe("");
    });
  }

  test("a wrong command, option, word or variable would be found", async () => {
    const wrong: [string[], Record<string, string>][] = [
      [["fly"], {}],
      [["check", "--now"], {}],
      [["run", "fast"], {}],
      [["venues", "show", "nowhere"], {}],
      [["demo", "--rate", "many"], {}],
      [["run"], { FEEDS: "meridian", MERIDIAN_PROFILE: "meridian.json" }],
      [["run"], { KAFKA_BROKER: "broker:9092" }],
    ];
    for (const [args, env] of wrong) {
      const problem = await problemWith({ at: "", program: "edge-ingester", args, env });
      expect([args, problem]).not.toEqual([args, ""]);
    }
    expect(problemWithBuild(["fly"])).not.toBe("");
    expect(problemWithBuild(["test", "--fast"])).not.toBe("");
  });
});

describe("variables the pages name", () => {
  const known = new Set(documentVariables().flatMap((group) => group.variables.map((variable) => variable.name)));
  const feedKeys = [...known].filter((name) => name.startsWith("<FEED>_")).map((name) => name.slice("<FEED>".length));
  /** Names that stand for others, examples of wrong ones, and words that are no variables. */
  const OTHERS =
    /^(X|X_FILE|LOGLEVEL|KAFKA_BROKER|KAFKA_HOME|KAFKA_OPTS|KAFKA_BROKERS_TEST|FAULT_SEED|BUN_[A-Z_]+|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|LD_PRELOAD|SOURCE_DATE_EPOCH|DO_NOT_TRACK)$/;

  for (const { path, text } of PAGES) {
    test(`${path} names none that does not exist`, () => {
      const named = [...text.matchAll(/`((?:<FEED>|[A-Z])[A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`\s]*)?`/g)].map(
        ([, name = ""]) => name,
      );
      const unknown = named.filter((name) => {
        const isFeedVariable = feedKeys.some((key) => name.endsWith(key) || name === key.slice(1));
        const isSecretFile = name.endsWith("_FILE") && known.has(name.slice(0, -"_FILE".length));
        return !known.has(name) && !isFeedVariable && !isSecretFile && !OTHERS.test(name);
      });
      expect(unknown).toEqual([]);
    });
  }
});
