import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitCode } from "../../src/commands/command.ts";
import { fixCommand } from "../../src/commands/fix.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { numbered, SOH } from "../fix/fix-text.ts";
import { readFixtures } from "../fix/fixtures.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fix-decode-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly printed: string;
  readonly complained: string;
}

async function run(...args: string[]): Promise<Outcome> {
  return await runFor(async () => true, ...args);
}

/** @param take takes what is printed at length; false = wants no more */
async function runFor(take: () => Promise<boolean>, ...args: string[]): Promise<Outcome> {
  let printed = "";
  let complained = "";
  const code = await fixCommand.run({
    args,
    env: {},
    clock: new SystemClock(),
    random: () => 0,
    hostName: "host",
    stop: new AbortController().signal,
    print: (text) => {
      printed += text;
    },
    onHangup: () => {},
    printAll: (text) => {
      printed += text;
      return take();
    },
    complain: (text) => {
      complained += text;
    },
    protect: () => undefined,
    terminal: null,
  });
  return { code, printed, complained };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function log(...messages: readonly Buffer[]): string {
  return messages.map((message) => `07:49:37 in ${message.toString("latin1").replaceAll(SOH, "|")}\n`).join("");
}

describe("fix decode", () => {
  test("prints a message with names, meanings and groups", async () => {
    const body =
      "262=R1|55=EUR/USD|268=2|269=0|278=a|270=1.0850|271=1000000|5001=own|269=1|278=b|270=1.0851|453=1|448=LP|447=D|";
    const { code, printed, complained } = await run("decode", file("a.log", log(numbered(7, "W", body))));
    expect([code, complained]).toEqual([ExitCode.ok, ""]);
    expect(printed.replace(/(BodyLength|CheckSum) +\d+/g, "$1 …")).toBe(`\
20240502-07:49:37.708  W MarketDataSnapshotFullRefresh  34=7  LP → US
     8 BeginString              FIX.4.4
     9 BodyLength …
    35 MsgType                  W (MarketDataSnapshotFullRefresh)
    34 MsgSeqNum                7
    49 SenderCompID             LP
    52 SendingTime              20240502-07:49:37.708
    56 TargetCompID             US
   262 MDReqID                  R1
    55 Symbol                   EUR/USD
   268 NoMDEntries              2
     - 269 MDEntryType              0 (Bid)
       278 MDEntryID                a
       270 MDEntryPx                1.0850
       271 MDEntrySize              1000000
      5001                          own
     - 269 MDEntryType              1 (Offer)
       278 MDEntryID                b
       270 MDEntryPx                1.0851
       453 NoPartyIDs               1
       448 PartyID                  LP
       447 PartyIDSource            D (ProprietaryCustomCode)
    10 CheckSum …

`);
  });

  test("prints groups within groups", async () => {
    const body = "296=1|302=1|304=2|295=2|299=a|132=1|299=b|133=2|";
    const { printed } = await run("decode", file("b.log", log(numbered(7, "i", body))));
    const shown = printed.split("\n").filter((line) => /\b(296|302|295|299|132|133|10) /.test(line));
    expect(shown.map((line) => line.replace(/ {2,}\S+$/, ""))).toEqual([
      "   296 NoQuoteSets",
      "     - 302 QuoteSetID",
      "       295 NoQuoteEntries",
      "         - 299 QuoteEntryID",
      "           132 BidPx",
      "         - 299 QuoteEntryID",
      "           133 OfferPx",
      "    10 CheckSum",
    ]);
  });

  test("never shows what is secret", async () => {
    const secrets = "95=8|96=s3cret-a|553=user|554=s3cret-b|925=s3cret-c|1401=8|1402=s3cret-d|1403=8|1404=s3cret-e|";
    const torn = `8=FIX.4.4|9=5|35=A|34=1|554=s3cret|f|96=s3cret|g|10=000|\n`;
    const path = file("c.log", log(numbered(1, "A", secrets)) + torn);
    for (const { printed } of [await run("decode", path), await run("decode", path, "--json")]) {
      expect(printed.match(/\[redacted\]/g)).toHaveLength(9);
      expect(printed).not.toContain("s3cret");
      expect(printed).toContain("user");
      expect(printed).not.toMatch(/\b[fg]\b/);
    }
  });

  test("tells a wrong length and sum, and that a message is cut, and goes on", async () => {
    const bad = numbered(1, "0", "", { bodyLength: "11", checkSum: "999" });
    const path = file("d.log", `${log(bad)}8=FIX.4.4|9=5|35=0\n${log(numbered(3))}`);
    const { code, printed } = await run("decode", path);
    expect(code).toBe(ExitCode.ok);
    expect(printed).toContain("  ! BodyLength is 11, counted 47\n  ! CheckSum is 999, counted ");
    expect(printed).toContain("(no time)  0 Heartbeat  34=   → \n  ! the message is cut\n");
    expect(printed.match(/Heartbeat {2}34/g)).toHaveLength(3);
  });

  test("--json prints one object per line, groups nested", async () => {
    const messages = readFixtures().flatMap((fixture) => fixture.messages);
    const { printed } = await run("decode", "--json", file("e.fix", Buffer.concat(messages)));
    const objects = printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(objects).toHaveLength(messages.length);
    for (const object of objects) expect(object.problems).toEqual([]);
    const entries = objects
      .filter(({ msgType }) => msgType === "W" || msgType === "X")
      .map(({ fields }) => fields.find(({ tag }: { tag: number }) => tag === 268))
      .map(({ value, entries: found }) => [Number(value), found?.length ?? 0]);
    for (const [announced, found] of entries) expect(found).toBe(announced);
    expect(entries.length).toBeGreaterThan(15);
  });

  test("control characters of a message do not reach the terminal", async () => {
    const { printed } = await run("decode", file("f.log", numbered(1, "B", "58=\u001b[2Jx|")));
    expect(printed).not.toContain("\u001b");
    expect(printed).toContain("[2Jx");
  });

  test("--dictionary adds an LP's own names", async () => {
    const xml = `<fix type="FIX" major="4" minor="4">
      <header><field name="BeginString" required="Y"/></header><trailer><field name="CheckSum" required="Y"/></trailer>
      <messages><message name="LpStatus" msgtype="U1" msgcat="app"><field name="LpState" required="Y"/></message></messages>
      <components/>
      <fields>
        <field number="8" name="BeginString" type="STRING"/><field number="10" name="CheckSum" type="STRING"/>
        <field number="5001" name="LpState" type="CHAR"><value enum="1" description="READY"/></field>
      </fields></fix>`;
    const path = file("g.log", log(numbered(1, "U1", "5001=1|")));
    const { printed, complained } = await run("decode", path, "--dictionary", file("lp.xml", xml));
    expect(complained).toBe("");
    expect(printed).toContain("  U1 LpStatus  34=1");
    expect(printed).toMatch(/5001 LpState +1 \(Ready\)|5001 LpState +1 \(READY\)/);
    expect((await run("decode", path)).printed).toContain("  U1 unknown  34=1");
  });

  test("a large file is read in pieces", async () => {
    const one = log(numbered(1, "W", "55=EUR/USD|268=1|269=0|270=1|"));
    const { printed } = await run("decode", "--json", file("h.log", one.repeat(5000)));
    expect(printed.trimEnd().split("\n")).toHaveLength(5000);
  });

  test("stops when nobody reads what it prints", async () => {
    const path = file("k.log", log(numbered(1)).repeat(50_000));
    const all = await run("decode", "--json", path);
    const some = await runFor(async () => false, "decode", "--json", path);
    expect(some.code).toBe(ExitCode.ok);
    expect(some.printed.length).toBeLessThan(all.printed.length / 2);
  });

  test("says what is wrong with its words and files", async () => {
    expect(await run()).toMatchObject({ code: ExitCode.usage, complained: fixCommand.help });
    expect(await run("encode", "x")).toMatchObject({ code: ExitCode.usage, complained: fixCommand.help });
    expect((await run("decode", "x", "--colour")).code).toBe(ExitCode.usage);
    const missing = await run("decode", join(folder, "none"));
    expect([missing.code, missing.complained]).toEqual([ExitCode.failed, expect.stringContaining("Cannot read '")]);
    const empty = await run("decode", file("i.log", "nothing here"));
    expect([empty.code, empty.complained]).toEqual([
      ExitCode.failed,
      expect.stringContaining("Cannot find a FIX message in"),
    ]);
    const dictionary = await run("decode", file("j.log", log(numbered(1))), "--dictionary", file("j.xml", "<fix/>"));
    expect([dictionary.code, dictionary.complained]).toEqual([
      ExitCode.failed,
      expect.stringContaining("Cannot use the dictionary '"),
    ]);
  });
});
