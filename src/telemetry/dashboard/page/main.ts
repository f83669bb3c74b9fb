import type { PlotRequest, ServerMessage } from "../protocol.ts";
import { BROWSER_CLOCK, browserRandom } from "./browser-clock.ts";
import { byId } from "./dom.ts";
import { EventsView } from "./events-view.ts";
import { FeedsView } from "./feeds-view.ts";
import { HeaderView } from "./header-view.ts";
import { listenToKeys } from "./keyboard.ts";
import { Link, type LinkSocket } from "./link.ts";
import { Model } from "./model.ts";
import { PlotsView } from "./plots-view.ts";
import { QuotesView } from "./quotes-view.ts";
import { SinkView } from "./sink-view.ts";
import { Theme } from "./theme.ts";

/** The banner counts on while nothing comes, ms. */
const LOOK_AT_LINK_EVERY_MS = 250;
const RELOADED_FOR = "edge-ingester.reloaded-for";

const model = new Model();
const header = new HeaderView();
const feeds = new FeedsView(plot);
const plots = new PlotsView((feed) => {
  feeds.choose(feed);
  plot(feed);
});
const quotes = new QuotesView();
const sink = new SinkView();
const events = new EventsView();
const theme = new Theme(() => plots.repaint());
const pauseButton = byId("pause");
let isPaused = false;
let isDue = false;

const link = new Link({
  clock: BROWSER_CLOCK,
  random: browserRandom,
  open: openSocket,
  onMessage: take,
});

pauseButton.addEventListener("click", togglePause);
listenToKeys({ search: () => quotes.focusSearch(), pause: togglePause, theme: () => theme.next() });
addEventListener("online", () => link.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  link.hurry();
  drawSoon();
});
link.start();
lookAtLink();

function openSocket(): LinkSocket {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  const linked: LinkSocket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
  socket.addEventListener("open", () => linked.onopen?.());
  socket.addEventListener("message", ({ data }) => linked.onmessage?.(String(data)));
  socket.addEventListener("close", () => linked.onclose?.());
  return linked;
}

function take(message: ServerMessage): void {
  if (message.type === "hello" && isOtherPage(message.pageId)) return;
  model.apply(message);
  if (message.type === "hello" && model.plotFeed !== null) askForHistory();
  drawSoon();
}

/** One picture however many messages came; nothing but the title in a tab that nobody sees. */
function drawSoon(): void {
  header.drawTitle(model);
  if (isDue || document.hidden) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (!isPaused) draw();
  });
}

function draw(): void {
  if (model.board === null) return;
  header.draw(model);
  feeds.draw(model.board);
  plots.draw(model);
  quotes.draw(model);
  sink.draw(model.board);
  events.draw(model);
}

function plot(feed: string | null): void {
  model.choosePlot(feed);
  askForHistory();
  drawSoon();
}

function askForHistory(): void {
  link.send({ type: "plot", feed: model.plotFeed } satisfies PlotRequest);
}

function togglePause(): void {
  isPaused = !isPaused;
  pauseButton.setAttribute("aria-pressed", String(isPaused));
  if (!isPaused) draw();
}

function lookAtLink(): void {
  header.drawLink(link.status(), isPaused);
  BROWSER_CLOCK.schedule(LOOK_AT_LINK_EVERY_MS, lookAtLink);
}

/** A server with another page has come: this one may not understand it, and loads itself anew, once for each. */
function isOtherPage(id: string): boolean {
  const own = document.querySelector<HTMLMetaElement>('meta[name="page-id"]')?.content ?? id;
  if (own === id) return false;
  if (sessionStorage.getItem(RELOADED_FOR) === id) return false;
  sessionStorage.setItem(RELOADED_FOR, id);
  location.reload();
  return true;
}
