// The dashboard in a real Chromium: the compiled binary, simulated venues, and a person's eyes and hands.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { pickFreePorts } from "../harness/free-ports.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { emptyFolder } from "./binary.ts";
import { CHROMIUM, keepScreenshot, openPage, startBrowser, type WatchedPage } from "./browser.ts";
import { environment, feedEnv, type Program, start, untilQuoted } from "./program.ts";

const SEED = Number(process.env["VENUE_SEED"] ?? 20_261_123);
const TEST_LIMIT_MS = 60_000;
/** How long a test waits for what must come. */
const WAIT_MS = 15_000;
/** A feed without quotes must be red within this. */
const RED_WITHIN_MS = 6000;
const AXE = new URL(import.meta.resolve("axe-core/axe.min.js"));
const VENUES = ["binance", "coinbase", "kraken", "okx"];

/** A script for the page: the first message of a WebSocket of its own. */
const FIRST_MESSAGE = `new Promise((resolve) => {
  const socket = new WebSocket("ws://" + location.host + "/live");
  socket.onmessage = ({ data }) => { socket.close(); resolve(data); };
})`;
const SIDEWAYS = `[document.documentElement, ...document.querySelectorAll("#feed-table, #quote-table, #event-table, #lane-table")]
  .filter((element) => element.scrollWidth > (element.parentElement?.clientWidth ?? innerWidth)).map(({ id, tagName }) => id || tagName)`;
/** What axe finds wrong, a line each. */
const AXE_RUN = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))`;

const isOff = CHROMIUM === null && process.env["CI"] !== "true";
if (isOff) console.error("The dashboard is NOT tested in a browser: no Chromium here (CHROMIUM_BIN names one)");

const venues: Simulator[] = [];
let browser: Browser;
let program: Program;
/** Programs of single tests; what a failed test leaves behind is ended at the end. */
const others: Program[] = [];
let env: Record<string, string> = {};
const stateDir = emptyFolder();

/** Known before it quotes, so that it is ended whatever happens. */
async function startProgram(): Promise<void> {
  program = await start(env, stateDir);
  await untilQuoted(program, VENUES);
}

async function endProgram(): Promise<void> {
  program.run.signal("SIGTERM");
  await program.run.ended;
}

/** What stands in one cell of the board of feeds. */
async function feedCell(page: Page, feed: string, column: number): Promise<string> {
  return (await page.locator(`#feed-table tr[data-feed="${feed}"] > *`).nth(column).textContent()) ?? "";
}

async function toneOf(page: Page, feed: string): Promise<string | null> {
  return await page.locator(`#feed-table tr[data-feed="${feed}"]`).getAttribute("data-tone");
}

async function untilLive(page: Page): Promise<void> {
  const isLive = async () => (await page.locator("#link").textContent()) === "Live";
  await waitUntil(isLive, { limitMs: WAIT_MS, what: "data on the page" });
}

function expectNothingWrong({ errors, strangers }: WatchedPage): void {
  expect(errors).toEqual([]);
  expect(strangers).toEqual([]);
}

describe.skipIf(isOff)("the dashboard in Chromium", () => {
  beforeAll(async () => {
    console.error(`VENUE_SEED=${SEED}`);
    for (const venue of VENUES) venues.push(startSimulator({ venue, seed: SEED, ratePerSecond: 60 }));
    const [port] = await pickFreePorts(1);
    env = {
      ...environment(Object.fromEntries(venues.map((venue) => [venue.venue, feedEnv(venue.venue, venue)]))),
      ADMIN_PORT: String(port),
      SINK: "sqlite",
    };
    browser = await startBrowser();
    await startProgram();
  }, TEST_LIMIT_MS);

  afterAll(async () => {
    await browser?.close();
    if (program !== undefined) await endProgram();
    for (const { run } of others) run.signal("SIGKILL");
    for (const venue of venues) venue.stop();
  }, TEST_LIMIT_MS);

  test(
    "shows feeds, quotes, plots, lanes and events, with no error, from no other host",
    async () => {
      const watched = await openPage(browser, program.url, { colorScheme: "dark" });
      const { page } = watched;
      await untilLive(page);
      for (const venue of VENUES) {
        const hasRate = async () => Number(await feedCell(page, venue, 3)) > 0;
        await waitUntil(hasRate, { limitMs: WAIT_MS, what: `rate of ${venue}` });
        expect(await feedCell(page, venue, 1)).toBe("live");
        expect(await toneOf(page, venue)).toBe("good");
      }
      const hasPrices = async () => {
        const bids = await page.locator("#quote-table tbody tr > :nth-child(4)").allTextContents();
        return bids.length === 8 && bids.every((bid) => /^\d+\.\d+$/.test(bid));
      };
      await waitUntil(hasPrices, { limitMs: WAIT_MS, what: "a price of every instrument" });
      expect(await page.locator("#rate-plot canvas").count()).toBe(1);
      expect(await page.locator("#latency-plot").getAttribute("aria-label")).toMatch(/p50 [\d.]+ (ms|s)/);
      expect(await page.locator("#lane-table").textContent()).toContain("orion.market-data.raw");
      expect(await page.locator("#event-table").textContent()).toContain("subscribing → live");
      await keepScreenshot(page, "dark-1280");
      expectNothingWrong(watched);
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );

  test(
    "a new viewer sees the past: the plots hold what was measured before anybody looked",
    async () => {
      const { page } = await openPage(browser, program.url);
      await untilLive(page);
      const first = JSON.parse(await page.evaluate(FIRST_MESSAGE));
      expect(first.type).toBe("hello");
      expect(first.history.times.length).toBeGreaterThan(1);
      expect(first.history.accepted.some((rate: number | null) => (rate ?? 0) > 0)).toBe(true);
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );

  test(
    "the search finds symbols however they are written, and Escape shows all again",
    async () => {
      const { page } = await openPage(browser, program.url);
      await untilLive(page);
      await page.keyboard.press("/");
      await page.keyboard.type("btcusd kraken");
      const rows = page.locator("#quote-table tbody tr");
      await waitUntil(async () => (await rows.count()) === 1, { limitMs: WAIT_MS, what: "the one instrument" });
      expect(await rows.first().textContent()).toContain("BTC/USD");
      await page.keyboard.press("Escape");
      await waitUntil(async () => (await rows.count()) === 8, { limitMs: WAIT_MS, what: "all instruments" });
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );

  test(
    "works by keyboard alone: skip link, feeds by arrows, details by Enter, theme, pause, help",
    async () => {
      const watched = await openPage(browser, program.url, { colorScheme: "light" });
      const { page } = watched;
      await untilLive(page);
      await page.keyboard.press("Tab");
      expect(await page.evaluate<string>("document.activeElement.className")).toBe("skip");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      const focused = () => page.evaluate<string>("document.activeElement.textContent");
      expect(await focused()).toBe("binance");
      await page.keyboard.press("ArrowDown");
      expect(await focused()).toBe("coinbase");
      await page.keyboard.press("Enter");
      const detail = page.locator("#feed-table tr.detail:visible");
      await waitUntil(async () => (await detail.count()) === 1, { limitMs: WAIT_MS, what: "the details" });
      expect(await detail.textContent()).toContain("ws://127.0.0.1");
      expect(await page.locator("#plot-feed").inputValue()).toBe("coinbase");
      await page.keyboard.press("t");
      await page.keyboard.press("t");
      expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
      await page.keyboard.press("p");
      await waitUntil(async () => (await page.locator("#link").textContent()) === "Paused", {
        limitMs: WAIT_MS,
        what: "pause",
      });
      const uptime = await page.locator("#footer").textContent();
      await page.keyboard.press("?");
      expect(await page.locator("#help").isVisible()).toBe(true);
      await page.keyboard.press("Escape");
      expect(await page.locator("#footer").textContent()).toBe(uptime);
      await page.keyboard.press("p");
      await waitUntil(async () => (await page.locator("#footer").textContent()) !== uptime, {
        limitMs: WAIT_MS,
        what: "news",
      });
      expectNothingWrong(watched);
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );

  test.each([
    ["light", 1280, 900],
    ["light", 390, 844],
    ["dark", 390, 844],
  ] as const)(
    "is readable, %s at %d px: nothing to scroll sideways",
    async (colorScheme, width, height) => {
      const watched = await openPage(browser, program.url, { colorScheme, viewport: { width, height } });
      const { page } = watched;
      await untilLive(page);
      await page.locator("#feed-table .feed-name").first().click();
      expect(await page.evaluate<string[]>(SIDEWAYS)).toEqual([]);
      await keepScreenshot(page, `${colorScheme}-${width}`);
      expectNothingWrong(watched);
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );

  test.each(["light", "dark"] as const)(
    "axe finds nothing wrong, %s, details open",
    async (colorScheme) => {
      // The policy lets no script in but the page's own, not even this one.
      const { page } = await openPage(browser, program.url, { colorScheme, bypassCSP: true });
      await untilLive(page);
      await page.locator("#feed-table .feed-name").first().click();
      await page.addScriptTag({ content: await Bun.file(AXE).text() });
      expect(await page.evaluate<string[]>(AXE_RUN)).toEqual([]);
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );

  test(
    "what cannot be decoded stands in the event log with its bytes, and cannot become a part of the page",
    async () => {
      const watched = await openPage(browser, program.url);
      const { page } = watched;
      await untilLive(page);
      venues[VENUES.indexOf("coinbase")].sendRaw('{"type":"<img src=//stranger.invalid/x>"\u0007');
      const reject = page.locator('#event-table tr[data-kind="reject"]');
      await waitUntil(async () => (await reject.count()) > 0, { limitMs: WAIT_MS, what: "the reject" });
      expect(await reject.first().locator("code").textContent()).toBe('{"type":"<img src=//stranger.invalid/x>"\\x07');
      await page.locator("#event-kind").selectOption("drop");
      await waitUntil(async () => (await reject.count()) === 0, { limitMs: WAIT_MS, what: "the choice of kinds" });
      expectNothingWrong(watched);
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );

  test(
    "a feed that is silent is red within 6 s, long before it is stale by its own limit, and no longer when it speaks",
    async () => {
      const { page } = await openPage(browser, program.url, { colorScheme: "dark" });
      await untilLive(page);
      const okx = venues[VENUES.indexOf("okx")];
      // Stale only after 25 s by its own profile: the page must not wait for that.
      await waitUntil(async () => (await toneOf(page, "okx")) === "good", {
        limitMs: WAIT_MS,
        what: "okx in good health",
      });
      // What it usually does must be known first.
      const isKnown = async () =>
        Number(/up (\d+)s/.exec((await page.locator("#product").textContent()) ?? "")?.[1] ?? 60) >= 8;
      await waitUntil(isKnown, { limitMs: WAIT_MS, what: "eight seconds of life" });
      const silentAt = performance.now();
      okx.goSilent("quotes");
      await waitUntil(async () => (await toneOf(page, "okx")) === "bad", {
        limitMs: RED_WITHIN_MS,
        what: "red line of okx",
      });
      expect(performance.now() - silentAt).toBeLessThanOrEqual(RED_WITHIN_MS);
      expect(await feedCell(page, "okx", 1)).toBe("silent");
      okx.resume();
      await waitUntil(async () => (await toneOf(page, "okx")) === "good", {
        limitMs: WAIT_MS,
        what: "okx back in good health",
      });
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );

  test(
    "a feed whose venue is gone is red within 6 s, says why and when it tries again, also on a phone",
    async () => {
      const desk = await openPage(browser, program.url, { colorScheme: "dark" });
      const phone = await openPage(browser, program.url, {
        colorScheme: "light",
        viewport: { width: 390, height: 844 },
      });
      await untilLive(desk.page);
      await untilLive(phone.page);
      const at = VENUES.indexOf("kraken");
      const { port } = venues[at];
      venues[at].stop();
      for (const { page } of [desk, phone]) {
        const isRed = async () => (await toneOf(page, "kraken")) === "bad";
        await waitUntil(isRed, { limitMs: RED_WITHIN_MS, what: "red line of kraken" });
      }
      const saysNext = async () =>
        /^try \d+ in [\d.]+ s · connect_refused: /.test(await feedCell(desk.page, "kraken", 11));
      await waitUntil(saysNext, { limitMs: WAIT_MS, what: "the next try and its reason" });
      expect(await desk.page.title()).toStartWith("✕ 1");
      const why = phone.page.locator("#feed-table tr.why:visible");
      await waitUntil(async () => (await why.count()) === 1, { limitMs: WAIT_MS, what: "the reason on the phone" });
      await keepScreenshot(desk.page, "trouble-dark-1280");
      await keepScreenshot(phone.page, "trouble-light-390");
      expect(await phone.page.evaluate<string[]>(SIDEWAYS)).toEqual([]);
      venues[at] = startSimulator({ venue: "kraken", seed: SEED, ratePerSecond: 60, port });
      const isWell = async () => (await toneOf(desk.page, "kraken")) === "good";
      await waitUntil(isWell, { limitMs: WAIT_MS, what: "kraken back in good health" });
      for (const watched of [desk, phone]) {
        expectNothingWrong(watched);
        await watched.page.context().close();
      }
    },
    TEST_LIMIT_MS,
  );

  test(
    "while Kafka cannot be reached it shows why, and the backlog that grows on the disk",
    async () => {
      const [gone] = await pickFreePorts(1);
      const { ADMIN_PORT: _fixed, SINK: _sqlite, ...feeds } = env;
      const where = emptyFolder();
      const spooling = await start(
        { ...feeds, ADMIN_PORT: "0", KAFKA_BROKERS: `127.0.0.1:${gone}`, STATE_DIR: where },
        where,
      );
      others.push(spooling);
      const watched = await openPage(browser, spooling.url, { colorScheme: "light" });
      const { page } = watched;
      await untilLive(page);
      const facts = async () => (await page.locator("#sink-list").textContent()) ?? "";
      const isTold = async () => /kafka: .*Backlog[\d,]+ records, .* not getting less/.test(await facts());
      await waitUntil(isTold, { limitMs: WAIT_MS, what: "the backlog" });
      expect(await page.locator("#lane-table tbody tr").count()).toBeGreaterThan(0);
      expect(await page.locator("#event-table").textContent()).toContain(`127.0.0.1:${gone}`);
      expect(await page.evaluate<string[]>(SIDEWAYS)).toEqual([]);
      await keepScreenshot(page, "spooling-light-1280");
      expectNothingWrong(watched);
      await page.context().close();
      spooling.run.signal("SIGTERM");
      await spooling.run.ended;
    },
    TEST_LIMIT_MS,
  );

  test(
    "the page outlives a restart of the ingester: it says how old its data is, comes back by itself and begins anew",
    async () => {
      const { page, strangers } = await openPage(browser, program.url, { colorScheme: "dark" });
      await untilLive(page);
      await page.locator("#plot-feed").selectOption("binance");
      await endProgram();
      const outage = page.locator("#outage");
      await waitUntil(async () => await outage.isVisible(), { limitMs: WAIT_MS, what: "the banner" });
      const saysAge = async () =>
        /^No connection to the ingester: what you see is [1-9]\d*\.\d s old, /.test((await outage.textContent()) ?? "");
      await waitUntil(saysAge, { limitMs: WAIT_MS, what: "the age of the data" });
      expect(await page.locator("#link").textContent()).toBe("Disconnected");
      await keepScreenshot(page, "disconnected-dark-1280");
      await startProgram();
      await untilLive(page);
      expect(await outage.isVisible()).toBe(false);
      const hasRate = async () => Number(await feedCell(page, "binance", 3)) > 0;
      await waitUntil(hasRate, { limitMs: WAIT_MS, what: "rates after the restart" });
      const isPlotted = async () =>
        /accepted [1-9]/.test((await page.locator("#rate-plot").getAttribute("aria-label")) ?? "");
      await waitUntil(isPlotted, { limitMs: WAIT_MS, what: "the chosen plot after the restart" });
      expect(strangers).toEqual([]);
      await page.context().close();
    },
    TEST_LIMIT_MS,
  );
});
