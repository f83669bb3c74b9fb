import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where Debian and others put it; `CHROMIUM_BIN` names another one. */
const PLACES = [
  process.env["CHROMIUM_BIN"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** Kept after the tests, to be looked at. */
const SCREENSHOTS = join(import.meta.dir, "../../dist/screenshots");

/** The Chromium of this machine; null when there is none. On CI there must be one. */
export const CHROMIUM: string | null = PLACES.find((place) => place !== "" && existsSync(place)) ?? null;

/** Starts Chromium without a window. */
export async function startBrowser(): Promise<Browser> {
  if (CHROMIUM === null)
    throw new Error("Cannot start Chromium as there is none: install it or name it in CHROMIUM_BIN");
  // Chromium refuses its own sandbox to root, which tests in containers are. /dev/shm is too small there.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  return await chromium.launch({ executablePath: CHROMIUM, args, headless: true });
}

/** One tab, and what went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console, uncaught errors, breaches of the content security policy. */
  readonly errors: string[];
  /** Addresses asked for that are not the ingester's. */
  readonly strangers: string[];
}

/** Opens a tab on the dashboard; what it asks of any host but this is refused and noted. */
export async function openPage(browser: Browser, url: string, look: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...look });
  const page = await context.newPage();
  const errors: string[] = [];
  const strangers: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${url}/`) && !asked.startsWith("data:")) strangers.push(asked);
  });
  page.on("websocket", (socket) => {
    if (socket.url() !== `${url.replace("http", "ws")}/live`) strangers.push(socket.url());
  });
  await page.goto(`${url}/`);
  return { page, errors, strangers };
}

/** Keeps a picture of the whole page. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
