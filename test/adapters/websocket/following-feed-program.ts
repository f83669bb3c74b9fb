// Run by stopped-processes.test.ts in a process of its own: a feed with short limits against the given URL. Prints `live` once
// it is; on SIGTERM it prints its changes of state as one JSON line and ends.
import { WebSocketAdapter } from "../../../src/adapters/websocket/websocket-adapter.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { FeedBench } from "../../harness/feed-bench.ts";
import { createTextVenue } from "../../harness/text-venue.ts";

const clock = new SystemClock();
const policy = { staleAfterMs: 500, deadAfterMs: 1000, initialDelayMs: 20, maxDelayMs: 100 };
const bench = new FeedBench({ clock, symbols: ["A"], policy });
const venue = createTextVenue({ url: process.argv[2] });
const feed = bench.createFeed(new WebSocketAdapter({ venue, turns: new TurnQueue(clock) }));

process.on("SIGTERM", async () => {
  const quotes = bench.quotes.count;
  const { changes } = bench.events;
  await feed.stop();
  console.log(JSON.stringify({ changes, quotes }));
  process.exit(0);
});

feed.start();
await eventually(() => feed.state === "live" && bench.quotes.count > 0, "a live feed");
console.log("live");
