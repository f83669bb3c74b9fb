import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteKeys, MAX_KEY_BYTES, NO_PLACE } from "../../../../src/adapters/fix/book/byte-keys.ts";

function find(keys: ByteKeys, owner: number, key: string): number {
  const bytes = Buffer.from(`#${key}#`);
  return keys.find(owner, bytes, 1, 1 + key.length);
}

describe("ByteKeys", () => {
  test("find() tells owners and keys apart", () => {
    const keys = new ByteKeys(4);
    for (const [place, owner, key] of [
      [0, 0, "a"],
      [1, 1, "a"],
      [2, 0, "aa"],
    ] as const) {
      expect(find(keys, owner, key)).toBe(NO_PLACE);
      keys.keep(place);
    }
    expect([find(keys, 0, "a"), find(keys, 1, "a"), find(keys, 0, "aa"), find(keys, 1, "aa")]).toEqual([0, 1, 2, -1]);
    keys.remove(0);
    keys.remove(0);
    expect([find(keys, 0, "a"), find(keys, 1, "a")]).toEqual([NO_PLACE, 1]);
    expect(Buffer.from(keys.keyAt(2)).toString()).toBe("aa");
    expect([keys.has(0), keys.has(1)]).toEqual([false, true]);
  });

  test("the empty key is never found nor kept", () => {
    const keys = new ByteKeys(4);
    expect(find(keys, 0, "")).toBe(NO_PLACE);
    keys.keep(1);
    expect([find(keys, 0, ""), keys.has(1)]).toEqual([NO_PLACE, false]);
  });

  test("keys of the longest kind fit beside short ones", () => {
    const keys = new ByteKeys(4);
    const long = "x".repeat(MAX_KEY_BYTES);
    find(keys, 3, "short");
    keys.keep(2);
    find(keys, 3, long);
    keys.keep(3);
    expect([find(keys, 3, "short"), find(keys, 3, long), find(keys, 3, long.slice(1))]).toEqual([2, 3, NO_PLACE]);
  });

  test("property: agrees with a Map while keys come, go and the table grows", () => {
    const key = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 20 });
    const step = fc.tuple(fc.constantFrom("put", "put", "take", "grow"), fc.integer({ min: 0, max: 2 }), key);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const keys = new ByteKeys(2);
        let places = 2;
        const model = new Map<string, number>();
        const free = [0, 1];
        for (const [kind, owner, text] of steps) {
          const name = `${owner}:${text}`;
          if (kind === "grow" && places < 64) {
            keys.grow();
            for (let i = places; i < places * 2; i++) free.push(i);
            places *= 2;
          }
          const found = find(keys, owner, text);
          expect(found).toBe(model.get(name) ?? NO_PLACE);
          if (kind === "put" && found === NO_PLACE && text !== "" && free.length > 0) {
            const place = free.shift() ?? 0;
            keys.keep(place);
            model.set(name, place);
          }
          if (kind === "take" && found !== NO_PLACE) {
            keys.remove(found);
            model.delete(name);
            free.push(found);
          }
        }
        for (const [name, place] of model) expect(find(keys, Number(name[0]), name.slice(2))).toBe(place);
      }),
    );
  });
});
