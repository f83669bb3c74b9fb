import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { JsonType } from "../../src/venues/json-grammar.ts";
import { JsonScanner, MAX_DEPTH } from "../../src/venues/json-scanner.ts";
import { PathTrieBuilder } from "../../src/venues/path-trie.ts";

const WANTED = ["a", "b.a", "b.b.0", "c.0", "c.1.a", "bc.0.0", "é", "list"];

function createScanner(paths: readonly string[] = WANTED) {
  const trie = new PathTrieBuilder();
  const nodes = new Map(paths.map((path) => [path, trie.addPath(0, 0, path)]));
  const scanner = new JsonScanner(trie.build());
  const textAt = (path: string): string | null => {
    const node = nodes.get(path);
    if (node === undefined || scanner.types[node] === JsonType.absent) return null;
    return Buffer.from(scanner.text.subarray(scanner.starts[node], scanner.ends[node])).toString("utf8");
  };
  const typeAt = (path: string): number => scanner.types[nodes.get(path) ?? -1];
  return { scanner, textAt, typeAt };
}

const bytesOf = (text: string) => Buffer.from(text, "utf8");
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What JSON.parse makes of the bytes; undefined when it refuses them, or they are not UTF-8. */
function parseBytes(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(strictDecoder.decode(bytes)) };
  } catch {
    return undefined;
  }
}

/** The value at a path, read from the parsed message. */
function valueAt(value: unknown, path: string): unknown {
  let current = value;
  for (const key of path.split(".")) {
    if (current === null || typeof current !== "object" || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}

/** Holds a scan against JSON.parse: same verdict, same values. */
function expectAgreement(bytes: Uint8Array): void {
  const { scanner, textAt, typeAt } = createScanner();
  const isAccepted = scanner.scan(bytes);
  if (scanner.problem === "too_deep" || scanner.problem === "duplicate_key") return;
  const parsed = parseBytes(bytes);
  expect({ isAccepted }).toEqual({ isAccepted: parsed !== undefined });
  if (parsed === undefined) return;
  for (const path of WANTED) {
    const value = valueAt(parsed.value, path);
    const type = typeAt(path);
    if (value === undefined) expect(type).toBe(JsonType.absent);
    else if (typeof value === "string") {
      expect(type).toBe(JsonType.string);
      expect(textAt(path)).toBe(Buffer.from(value, "utf8").toString("utf8"));
    } else {
      expect(JSON.parse(textAt(path) ?? "")).toEqual(value);
    }
  }
}

/** Keys and strings that make wanted paths, escapes and UTF-8 likely. */
const key = fc.constantFrom("a", "b", "c", "bc", "é", "list", "0", "1", "", "aa", "x");
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom('"', "\\", "/", "\u0000", "\ud800", "😀"),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, false, 0, -0, 1e300, 1e-7),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 6 }),
  ),
})).value;

/** JSON text with white space and needless escapes, which mean nothing. */
function rewrite(value: unknown, seed: readonly number[]): string {
  let at = 0;
  const next = () => seed[at++ % seed.length];
  const space = () => ["", "", " ", "\n\t", "\r "][next() % 5];
  const string = (content: string) =>
    JSON.stringify(content).replace(/[a-z/é]/g, (letter) => {
      const isEscapeLetter = next() % 4 !== 0;
      if (isEscapeLetter) return letter;
      return letter === "/" ? "\\/" : letter;
    });
  const write = (part: unknown): string => {
    if (typeof part === "string") return string(part);
    if (Array.isArray(part))
      return `[${space()}${part.map((element) => `${space()}${write(element)}${space()}`).join()}]`;
    if (part === null || typeof part !== "object") return JSON.stringify(part);
    const members = Object.entries(part).map(([name, member]) => {
      const written = next() % 3 === 0 ? escapeAll(name) : string(name);
      return `${space()}${written}${space()}:${space()}${write(member)}${space()}`;
    });
    return `{${members.join()}}`;
  };
  return `${space()}${write(value)}${space()}`;
}

function escapeAll(content: string): string {
  let escaped = "";
  for (let i = 0; i < content.length; i++) escaped += `\\u${content.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return `"${escaped}"`;
}

describe("JsonScanner", () => {
  test("scan() records wanted values with the digits of the source", () => {
    const { scanner, textAt, typeAt } = createScanner();
    expect(scanner.scan(bytesOf('{"x":[{"a":9}],"b":{"b":["q"],"a":1.10},"a":0.00000001,"c":[1e-8,{"a":null}]}'))).toBe(
      true,
    );
    expect(textAt("a")).toBe("0.00000001");
    expect(textAt("b.a")).toBe("1.10");
    expect(textAt("b.b.0")).toBe("q");
    expect(textAt("c.0")).toBe("1e-8");
    expect(typeAt("c.1.a")).toBe(JsonType.null);
    expect(typeAt("list")).toBe(JsonType.absent);
  });

  test("scan() finds keys and strings written with escapes", () => {
    const { scanner, textAt } = createScanner();
    expect(scanner.scan(bytesOf('{"\\u0061":"BTC\\/USD \\u20ac\\ud83d\\ude00","b":{"a":"\\n"},"list":"plain"}'))).toBe(
      true,
    );
    expect(textAt("a")).toBe("BTC/USD €😀");
    expect(textAt("b.a")).toBe("\n");
    expect(textAt("list")).toBe("plain");
  });

  test("scan() keeps nothing from the message before", () => {
    const { scanner, typeAt } = createScanner();
    expect(scanner.scan(bytesOf('{"a":"\\u0041","b":{"a":1}}'))).toBe(true);
    expect(scanner.scan(bytesOf('{"c":[true]}'))).toBe(true);
    expect(typeAt("a")).toBe(JsonType.absent);
    expect(typeAt("b.a")).toBe(JsonType.absent);
    expect(typeAt("c.0")).toBe(JsonType.true);
  });

  test.each([
    ['{"a":1,"a":1}', "duplicate_key"],
    ['{"b":{"a":1},"b":{"b":[1]}}', "duplicate_key"],
    ['{"a":1,"\\u0061":2}', "duplicate_key"],
    ['{"a":1,}', "invalid_json"],
    ["[1,]", "invalid_json"],
    ["[1 2]", "invalid_json"],
    ['{"a" 1}', "invalid_json"],
    ['{"a":}', "invalid_json"],
    ["{a:1}", "invalid_json"],
    ["{'a':1}", "invalid_json"],
    ['{"a":1}}', "invalid_json"],
    ['{"a":1] ', "invalid_json"],
    ["01", "invalid_json"],
    ["1.", "invalid_json"],
    [".5", "invalid_json"],
    ["+1", "invalid_json"],
    ["-", "invalid_json"],
    ["1e", "invalid_json"],
    ["NaN", "invalid_json"],
    ["tru", "invalid_json"],
    ["nulll", "invalid_json"],
    ['"\\x"', "invalid_json"],
    ['"\\u12g4"', "invalid_json"],
    ['"\\u12', "invalid_json"],
    ['"a\nb"', "invalid_json"],
    ['"open', "invalid_json"],
    ["\ufeff{}", "invalid_json"],
    ["", "invalid_json"],
    [" ", "invalid_json"],
    ["{} x", "invalid_json"],
    ["[", "invalid_json"],
    ["\u00a0{}", "invalid_json"],
  ])("scan() refuses %p: %s", (message, problem) => {
    const { scanner } = createScanner();
    expect(scanner.scan(bytesOf(message))).toBe(false);
    expect(scanner.problem).toBe(problem as typeof scanner.problem);
  });

  test("scan() lets an unwanted key stand twice, as JSON.parse does", () => {
    expect(createScanner().scanner.scan(bytesOf('{"x":1,"x":2,"q":{"a":1,"a":2}}'))).toBe(true);
  });

  test("scan() refuses bytes that are not UTF-8, in wanted and unwanted strings", () => {
    const { scanner } = createScanner();
    for (const name of ["a", "x"]) {
      const message = Buffer.concat([bytesOf(`{"${name}":"`), Buffer.from([0xc3, 0x28]), bytesOf('\\n"}')]);
      expect(scanner.scan(message)).toBe(false);
      expect(scanner.problem).toBe("invalid_utf8");
    }
    expect(scanner.scan(bytesOf('{"x":"é","é":"日本"}'))).toBe(true);
  });

  test("scan() takes a depth of 64 and refuses 65", () => {
    const { scanner } = createScanner();
    expect(scanner.scan(bytesOf("[".repeat(MAX_DEPTH) + "]".repeat(MAX_DEPTH)))).toBe(true);
    expect(scanner.scan(bytesOf("[".repeat(MAX_DEPTH + 1) + "]".repeat(MAX_DEPTH + 1)))).toBe(false);
    expect(scanner.problem).toBe("too_deep");
    expect(scanner.scan(bytesOf("[".repeat(1_000_000)))).toBe(false);
  });

  test("scanPart() reads the elements of a list one by one, escapes included", () => {
    const trie = new PathTrieBuilder();
    const list = trie.addPath(0, 0, "list");
    const item = trie.addRoot();
    const name = trie.addPath(item.root, item.node, "name");
    const scanner = new JsonScanner(trie.build());
    const message = bytesOf('{"list":[{"name":"A\\/B"},{"name":"C"},{"none":1}, {"name":"\\u0044"}]}');
    expect(scanner.scan(message)).toBe(true);
    const found: (string | null)[] = [];
    let at = scanner.starts[list] + 1;
    for (let i = 0; i < 4; i++) {
      at = scanner.scanPart(item.root, at, message.length) + 1;
      const isThere = scanner.types[name] === JsonType.string;
      found.push(
        isThere ? Buffer.from(scanner.text.subarray(scanner.starts[name], scanner.ends[name])).toString() : null,
      );
    }
    expect(found).toEqual(["A/B", "C", null, "D"]);
  });

  test("property: agrees with JSON.parse on JSON, however it is written", () => {
    fc.assert(
      fc.property(json, fc.array(fc.nat(), { minLength: 1, maxLength: 40 }), (value, seed) => {
        const written = bytesOf(rewrite(value, seed));
        expect(parseBytes(written)).toBeDefined();
        expectAgreement(written);
      }),
      { numRuns: 500 },
    );
  });

  test("property: agrees with JSON.parse on any text made of JSON's own characters", () => {
    const unit = fc.constantFrom(...'{}[]:,"\\/ \n0123456789+-.eEtrufalsn\u00e9abc');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), (written) => expectAgreement(bytesOf(written))),
      {
        numRuns: 3000,
      },
    );
  });

  test("property: agrees with JSON.parse on numbers of every kind", () => {
    const unit = fc.constantFrom(..."0019-+.eE");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), (written) => expectAgreement(bytesOf(written))),
      {
        numRuns: 2000,
      },
    );
  });

  test("property: agrees with JSON.parse on JSON with some bytes changed", () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
    fc.assert(
      fc.property(json, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        const written = bytesOf(JSON.stringify(value) ?? "null");
        for (const { at, byte } of changes) written[at % written.length] = byte;
        expectAgreement(written);
      }),
      { numRuns: 2000 },
    );
  });

  test("property: agrees with JSON.parse on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => expectAgreement(bytes)),
      { numRuns: 2000 },
    );
  });
});
