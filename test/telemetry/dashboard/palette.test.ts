import { expect, test } from "bun:test";
import { join } from "node:path";

const CSS = await Bun.file(join(import.meta.dir, "../../../src/telemetry/dashboard/page/page.css")).text();

/** WCAG 2.2, 1.4.3 (text) and 1.4.11 (what is no text and yet has to be seen). */
const TEXT_MIN = 4.5;
const GRAPHIC_MIN = 3;

/** The colours of a block of the style. */
function palette(selector: string): ReadonlyMap<string, string> {
  const start = CSS.indexOf(`${selector} {`);
  expect(start).toBeGreaterThanOrEqual(0);
  const block = CSS.slice(start, CSS.indexOf("}", start));
  return new Map([...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2]]));
}

/** Relative luminance, WCAG 2.2. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const TEXTS = ["text", "muted", "good", "warn", "bad", "accent"];
const PAIRS: readonly (readonly [string, string, number])[] = [
  ...["page", "panel", "raised"].flatMap((ground) => TEXTS.map((text) => [text, ground, TEXT_MIN] as const)),
  ["bad", "bad-ground", TEXT_MIN],
  ["panel", "accent", TEXT_MIN],
  ["control", "panel", GRAPHIC_MIN],
  ["control", "raised", GRAPHIC_MIN],
  ["plot-a", "panel", GRAPHIC_MIN],
  ["plot-b", "panel", GRAPHIC_MIN],
  ["plot-c", "panel", GRAPHIC_MIN],
];

test.each([":root", ':root[data-theme="dark"]'])("every colour of %s stands out from its ground", (selector) => {
  const colours = palette(selector);
  const poor = PAIRS.flatMap(([above, ground, least]) => {
    const found = contrast(colours.get(above) ?? "#000000", colours.get(ground) ?? "#000000");
    return found >= least ? [] : [`${above} on ${ground}: ${found.toFixed(2)} < ${least}`];
  });
  expect(poor).toEqual([]);
});

test("both themes have the same colours, and nothing else has a colour of its own", () => {
  const [light, dark] = [palette(":root"), palette(':root[data-theme="dark"]')];
  expect([...light.keys()]).toEqual([...dark.keys()]);
  const rest = CSS.slice(CSS.indexOf("*", CSS.indexOf(':root[data-theme="dark"]')));
  expect(rest.match(/#[0-9a-f]{3,8}\b(?=[^{]*;)/g)).toBeNull();
});

test("contrast() knows the extremes", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
