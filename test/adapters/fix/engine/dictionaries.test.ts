import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import sessionXml from "../../../../config/fix/FIX44-session.xml" with { type: "text" };
import { checkDictionary, loadFixEngine } from "../../../../src/adapters/fix/engine/load-engine.ts";

// Bun's types take every XML file for a parsed one.
const ours = sessionXml as unknown as string;
await loadFixEngine();
const { parseDictionary, sessionDictionaries } = await import("../../../../src/adapters/fix/engine/dictionaries.ts");
const whole = readFileSync(require.resolve("jspurefix/data/FIX44.xml"), "utf8");

/** A dictionary of one message. */
function small(name: string): string {
  return `<fix major="4" minor="4"><header><field name="MsgType" required="Y"/></header><trailer/>
    <messages><message name="${name}" msgtype="U1" msgcat="app"><field name="MsgType" required="N"/></message></messages>
    <fields><field number="35" name="MsgType" type="STRING"/></fields></fix>`;
}

describe("FIX44-session.xml", () => {
  test("names and types its fields as FIX 4.4 does", () => {
    const { tagToSimple } = parseDictionary(ours);
    const standard = parseDictionary(whole).tagToSimple;
    const strangers = Object.values(tagToSimple).filter(({ tag, name, type }) => {
      return standard[tag]?.name !== name || standard[tag].type !== type;
    });
    // Of FIX 5.0.
    expect(strangers.map(({ tag, name }) => [tag, name])).toEqual([[1023, "MDPriceLevel"]]);
  });

  test("has every field of each session message of FIX 4.4", () => {
    for (const msgType of ["0", "1", "2", "3", "4", "5", "A"]) {
      const standard = parseDictionary(whole).message.get(msgType)?.containedTag ?? {};
      const mine = parseDictionary(ours).message.get(msgType)?.containedTag ?? {};
      expect(Object.keys(standard).length).toBeGreaterThan(20);
      expect(Object.keys(standard).filter((tag) => mine[Number(tag)] === undefined)).toEqual([]);
    }
  });
});

describe("sessionDictionaries()", () => {
  test("parses each text once", () => {
    const xml = small("One");
    const first = sessionDictionaries(xml);
    const second = sessionDictionaries(xml);
    expect(first.lp).not.toBeNull();
    expect(second.lp).toBe(first.lp);
    expect(second.session).toBe(first.session);
  });

  test("knows the message types of both", () => {
    const { messageTypes } = sessionDictionaries(small("One"));
    for (const msgType of ["A", "W", "AI", "U1"]) expect(messageTypes.has(msgType)).toBe(true);
    expect(messageTypes.has("D")).toBe(false);
    expect(sessionDictionaries(null).messageTypes.has("U1")).toBe(false);
  });

  test("keeps a bounded number", () => {
    const first = parseDictionary(small("First"));
    for (let i = 0; i < 16; i++) parseDictionary(small(`Other${i}`));
    expect(parseDictionary(small("First"))).not.toBe(first);
  });
});

describe("checkDictionary()", () => {
  test.each<[string, string]>([
    ["FIX 4.4 whole", whole],
    ["ours", ours],
    ["a small one", small("One")],
  ])("finds nothing wrong with %s", async (_what, xml) => {
    expect(await checkDictionary(xml)).toBeNull();
  });

  test.each<[string, string, string]>([
    ["nothing", "", "empty"],
    ["no XML", "password=secret", "XML"],
    ["another root", "<a/>", "<fix>"],
    ["an unknown field", small("One").replace('"MsgType" required="N"', '"Typo" required="N"'), "Typo"],
    ["no messages", '<fix major="4" minor="4"><header/><trailer/><messages/><fields/></fix>', "message"],
    ["a cut file", whole.slice(0, 50_000), ""],
  ])("says what is wrong with %s", async (_what, xml, word) => {
    const problem = await checkDictionary(xml);
    expect(problem).not.toBeNull();
    expect(problem).toContain(word);
    expect(problem?.length).toBeLessThan(4000);
    expect(problem).not.toContain("secret");
  });
});
