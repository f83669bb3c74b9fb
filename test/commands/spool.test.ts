import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandContext, ExitCode } from "../../src/commands/command.ts";
import { spoolCommand } from "../../src/commands/spool.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { fillSpool, MINUTE_MS, openAt, QUOTE_BATCHES, QUOTES, START_MS, sealAt } from "./filled-spool.ts";

let root = "";
let folder = "";

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "spool-command-"));
  await fillSpool(join(root, "sound"));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
  cpSync(join(root, "sound"), folder, { recursive: true });
});

interface Outcome {
  readonly code: number;
  readonly printed: string;
  readonly complained: string;
}

async function run(args: readonly string[], changes: Partial<CommandContext> = {}): Promise<Outcome> {
  let printed = "";
  let complained = "";
  const code = await spoolCommand.run({
    args,
    env: {},
    clock: new FakeClock(START_MS + QUOTE_BATCHES * MINUTE_MS),
    random: () => 0,
    hostName: "host",
    stop: new AbortController().signal,
    print: (text) => {
      printed += text;
    },
    onHangup: () => {},
    printAll: async (text) => {
      printed += text;
      return true;
    },
    complain: (text) => {
      complained += text;
    },
    protect: () => undefined,
    terminal: null,
    ...changes,
  });
  return { code, printed, complained };
}

function runHere(verb: string, ...args: readonly string[]): Promise<Outcome> {
  return run([verb, ...args, "--dir", folder]);
}

/** Changes one byte of a batch: the last of the file's first frame region. */
function damageQuotes(): string {
  const log = join(folder, "quotes", "3-of-12");
  const name = readdirSync(log)
    .filter((file) => file.endsWith(".seg"))
    .sort()[1];
  const path = join(log, name);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf("xxxx")] ^= 1;
  writeFileSync(path, bytes);
  return path;
}

async function listed(): Promise<{ topic: string; partition: number; records: number; oldestMs: number }[]> {
  return JSON.parse((await runHere("ls", "--json")).printed).logs;
}

describe("spool ls", () => {
  test("prints a table of what waits", async () => {
    const { code, printed, complained } = await runHere("ls");
    expect([code, complained]).toEqual([ExitCode.ok, ""]);
    const shown = printed
      .replaceAll(folder, "DIR")
      .replaceAll(/[\d.]+ k?B/g, "BYTES")
      .replaceAll(/ +/g, " ");
    expect(shown).toBe(`\
topic partition records batches bytes oldest newest sources state
events 0 of 1 2 1 BYTES 2023-11-14T22:16:20.000Z 2023-11-14T22:16:20.000Z - ok
quotes unassigned 2 1 BYTES 2023-11-14T22:15:20.000Z 2023-11-14T22:15:20.000Z kraken ok
quotes 3 of 12 20 10 BYTES 2023-11-14T22:13:20.000Z 2023-11-14T22:22:20.000Z binance,kraken ok
24 records, BYTES wait in 'DIR'; no process uses it
`);
  });

  test("--json prints the figures as they are", async () => {
    const { printed } = await runHere("ls", "--json");
    const { directory, process: holder, logs, leftAlone } = JSON.parse(printed);
    expect([directory, holder, leftAlone]).toEqual([folder, null, []]);
    expect(logs).toHaveLength(3);
    expect(logs[2]).toMatchObject({
      ...QUOTES,
      records: 20,
      batches: QUOTE_BATCHES,
      oldestMs: START_MS,
      newestMs: START_MS + (QUOTE_BATCHES - 1) * MINUTE_MS,
      sources: { binance: 10, kraken: 10 },
      damagedRecords: 0,
      missingRecords: 0,
      trouble: "",
    });
    expect(logs[2].segments).toBeGreaterThan(2);
  });

  test("works while a service uses the spool, and leaves out what is delivered", async () => {
    const spool = openAt(folder);
    const log = spool.log(QUOTES);
    for (let count = 0; count < 4; count++) {
      const loaded = await log.readNext();
      if (loaded !== null && count < 3) log.settle(loaded.location, loaded.batch.recordCount);
    }
    const { code, printed } = await runHere("ls");
    expect(code).toBe(ExitCode.ok);
    expect(printed).toContain(`process ${process.pid} uses it`);
    expect((await listed())[2]).toMatchObject({ records: 14, oldestMs: START_MS + 3 * MINUTE_MS });
    await spool.close();
  });

  test("tells of records that are missing", async () => {
    rmSync(damageQuotes());
    const { code, printed } = await runHere("ls");
    expect(code).toBe(ExitCode.ok);
    expect(printed).toMatch(/ \d+ records missing\n/);
  });

  test("an empty spool is told in a line", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const { code, printed } = await run(["ls", "--dir", empty]);
    expect([code, printed]).toEqual([ExitCode.ok, `0 records, 0 B wait in '${empty}'; no process uses it\n`]);
  });
});

describe("spool verify", () => {
  test("finds nothing in a sound spool", async () => {
    const { code, printed } = await runHere("verify");
    expect(code).toBe(ExitCode.ok);
    expect(printed).toMatch(/^12 batches, 24 records, [\d.]+ kB read: all good\n$/);
  });

  test("says where damage is and ends with 1", async () => {
    const path = damageQuotes();
    const { code, printed } = await runHere("verify");
    expect(code).toBe(ExitCode.failed);
    expect(printed).toContain(`quotes 3 of 12: ${path} at `);
    expect(printed).toContain("the batch is not as it was written (2 records)\n");
    expect(printed).toMatch(/11 batches, 22 records, .* 1 found damaged\n$/);
    const { findings } = JSON.parse((await runHere("verify", "--json")).printed);
    expect(findings).toEqual([
      { ...QUOTES, file: path, offset: expect.any(Number), records: 2, problem: "the batch is not as it was written" },
    ]);
  });

  test("says how much is missing, and where nothing can be told", async () => {
    const path = damageQuotes();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0, bytes.length - 900));
    const zeroed = await runHere("verify");
    expect(zeroed.code).toBe(ExitCode.failed);
    expect(zeroed.printed).toMatch(/no batch can be told in \d+ bytes/);
    rmSync(path);
    const removed = await runHere("verify");
    expect(removed.code).toBe(ExitCode.failed);
    expect(removed.printed).toMatch(/quotes 3 of 12: records are in no file \(\d+ records\)/);
  });

  test("tells a terminal how far it is", async () => {
    const clock = new FakeClock();
    // Each look at the clock takes a while.
    clock.monotonicMs = () => {
      now += 150;
      return now;
    };
    let now = 0;
    const { complained } = await run(["verify", "--dir", folder], { clock, terminal: { columns: 80, rows: 24 } });
    expect(complained).toMatch(/\r.*[\d.]+ k?B of [\d.]+ kB/);
    expect(complained.endsWith("\r\u001b[K")).toBe(true);
    expect((await run(["verify", "--dir", folder], { clock })).complained).toBe("");
  });

  test("stops when it is told to", async () => {
    const outcome = await run(["verify", "--dir", folder], { stop: AbortSignal.abort() });
    expect([outcome.code, outcome.printed]).toEqual([ExitCode.failed, ""]);
  });
});

describe("spool export", () => {
  test("writes every record that waits, value as it is", async () => {
    const { code, printed, complained } = await runHere("export", "--out", "-");
    expect([code, complained]).toEqual([ExitCode.ok, "24 records exported\n"]);
    const lines = printed.trimEnd().split("\n");
    expect(lines).toHaveLength(24);
    expect(lines[0]).toStartWith(
      '{"topic":"events","partition":0,"timestamp":1700000180000,"key":"null:BTC","headers":{},',
    );
    expect(lines[4]).toContain('"headers":{"source":"binance"},"value":{"minute":0,"price":1.10,"record":0,');
    expect(lines.map((line) => JSON.parse(line)).filter(({ partition }) => partition === 3)).toHaveLength(20);
  });

  test("takes a topic, a partition, and a range of time", async () => {
    const from = new Date(START_MS + 2 * MINUTE_MS).toISOString();
    const to = String(START_MS + 5 * MINUTE_MS);
    const { printed } = await runHere(
      "export",
      "--topic",
      "quotes",
      "--partition",
      "3",
      "--from",
      from,
      "--to",
      to,
      "--out",
      "-",
    );
    const minutes = printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).value.minute);
    expect(minutes).toEqual([2, 2, 3, 3, 4, 4]);
    expect((await runHere("export", "--topic", "none", "--out", "-")).printed).toBe("");
  });

  test("writes a file that was not there, readable by its owner alone", async () => {
    const file = join(folder, "out.jsonl");
    expect((await runHere("export", "--out", file)).code).toBe(ExitCode.ok);
    expect(readFileSync(file, "utf8").trimEnd().split("\n")).toHaveLength(24);
    const again = await runHere("export", "--out", file);
    expect(again.code).toBe(ExitCode.failed);
    expect(again.complained).toContain("EEXIST");
  });

  test("exports what is whole, and ends with 1 when something is not", async () => {
    damageQuotes();
    const { code, printed, complained } = await runHere("export", "--out", "-");
    expect(code).toBe(ExitCode.failed);
    expect(printed.trimEnd().split("\n")).toHaveLength(22);
    expect(complained).toContain("Cannot export 1 damaged places: 'spool verify' says where\n");
  });

  test("ends quietly when nobody reads any more", async () => {
    const outcome = await run(["export", "--out", "-", "--dir", folder], { printAll: async () => false });
    expect([outcome.code, outcome.complained]).toEqual([ExitCode.ok, ""]);
  });
});

describe("spool drop", () => {
  test("only says what would go without --yes", async () => {
    const { code, printed, complained } = await runHere("drop", "--all");
    expect(code).toBe(ExitCode.usage);
    expect(printed).toContain("quotes 3 of 12: 20 records");
    expect(printed).toEndWith("24 records would be dropped\n");
    expect(complained).toBe("Nothing was dropped: add --yes to drop it\n");
    expect(await listed()).toHaveLength(3);
  });

  test("--all drops everything; the service goes on behind it", async () => {
    const { code, printed } = await runHere("drop", "--all", "--yes");
    expect(code).toBe(ExitCode.ok);
    expect(printed).toEndWith("24 records dropped\n");
    expect(await listed()).toEqual([]);
    const spool = openAt(folder);
    expect(spool.status()).toMatchObject({ recoveredRecords: 0, missingRecords: 0, damagedRecords: 0, segments: 0 });
    expect(spool.log(QUOTES).append(sealAt(0, "kraken"), "on_disk")).toMatchObject({ position: 20 });
    await spool.close();
  });

  test("--topic drops one topic", async () => {
    expect((await runHere("drop", "--topic", "quotes", "--yes")).printed).toEndWith("22 records dropped\n");
    expect((await listed()).map(({ topic }) => topic)).toEqual(["events"]);
  });

  test("--older-than drops batches up to an age, also within a segment", async () => {
    for (const [age, left] of [
      ["420s", 7],
      ["5m", 5],
      ["2m", 2],
    ] as const) {
      const { code, printed } = await runHere("drop", "--older-than", age, "--yes", "--json");
      expect(code).toBe(ExitCode.ok);
      expect(JSON.parse(printed).isDone).toBe(true);
      const quotes = (await listed()).find(({ partition }) => partition === QUOTES.partition);
      expect(quotes).toMatchObject({ records: left * 2, oldestMs: START_MS + (QUOTE_BATCHES - left) * MINUTE_MS });
      const spool = openAt(folder);
      const first = await spool.log(QUOTES).readNext();
      expect(first?.location.position).toBe((QUOTE_BATCHES - left) * 2);
      await spool.close();
    }
  });

  test("nothing old enough is fine", async () => {
    const { code, printed } = await runHere("drop", "--older-than", "1d");
    expect([code, printed]).toEqual([ExitCode.ok, "0 records would be dropped\n"]);
  });
});

describe("spool", () => {
  test.each(["verify", "export", "drop"])("%s needs the spool to itself", async (verb) => {
    const options = { verify: [], export: ["--out", "-"], drop: ["--all", "--yes"] }[verb] ?? [];
    const other = Bun.spawn(["sleep", "60"]);
    writeFileSync(join(folder, "~lock"), JSON.stringify({ pid: other.pid, startedAt: "" }));
    const { code, printed, complained } = await runHere(verb, ...options);
    expect([code, printed]).toEqual([ExitCode.failed, ""]);
    expect(complained).toContain(`process ${other.pid} uses it. Stop the service first`);
    expect((await runHere("ls")).printed).toContain(`process ${other.pid} uses it`);
    other.kill();
    await other.exited;
    expect((await runHere(verb, ...options)).code).toBe(ExitCode.ok);
  });

  test.each([
    [[]],
    [["show"]],
    [["ls", "extra"]],
    [["ls", "--yes"]],
    [["verify", "--colour"]],
    [["export"]],
    [["export", "--out", "-", "--partition", "x"]],
    [["export", "--out", "-", "--from", "yesterday"]],
    [["drop"]],
    [["drop", "--yes"]],
    [["drop", "--all", "--topic", "quotes", "--yes"]],
    [["drop", "--older-than", "1w", "--yes"]],
  ])("%j is refused with a reason", async (args) => {
    const { code, complained } = await run([...args, "--dir", folder]);
    expect(code).toBe(ExitCode.usage);
    expect(complained).toMatch(/^(Cannot|Unknown|edge-ingester spool)/);
    expect(await listed()).toHaveLength(3);
  });

  test("says so when there is no such directory", async () => {
    const { code, complained } = await run(["ls", "--dir", join(folder, "none")]);
    expect(code).toBe(ExitCode.failed);
    expect(complained).toBe(`Cannot list the spool in '${join(folder, "none")}': there is no such directory\n`);
  });

  test("finds its directory in the configuration", async () => {
    const { code, printed, complained } = await run(["ls"], { env: { SPOOL_DIR: folder } });
    expect([code, complained]).toEqual([ExitCode.ok, ""]);
    expect(printed).toContain(`wait in '${folder}'`);
    const wrong = await run(["ls"], { env: { SPOOL_DIR: folder, SPOOL_MODE: "sometimes" } });
    expect(wrong.code).toBe(ExitCode.usage);
    expect(wrong.complained).toContain("SPOOL_MODE");
  });
});
