import type { Adapter } from "../../src/adapters/adapter.ts";
import { WebSocketAdapter } from "../../src/adapters/websocket/websocket-adapter.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { TurnQueue } from "../../src/runtime/turn-queue.ts";
import { type FakeVenueConnection, FakeVenueServer } from "../harness/fake-venue-server.ts";
import { createTextVenue } from "../harness/text-venue.ts";
import { type ConformancePeer, describeAdapterConformance, REFUSED_SYMBOL } from "./adapter-conformance.ts";

/** The venue of plain words as a conforming peer. */
class TextVenuePeer implements ConformancePeer {
  readonly adapter: Adapter;
  readonly #server = new FakeVenueServer();
  readonly #asked = new Map<string, number>();

  constructor() {
    this.#server.onConnection = (connection) => {
      connection.onText = (text) => this.#answer(connection, text);
    };
    const venue = createTextVenue({ url: this.#server.url });
    this.adapter = new WebSocketAdapter({ venue, turns: new TurnQueue(new SystemClock()) });
  }

  get openConnections(): number {
    return this.#server.openSockets;
  }

  subscriptions(symbol: string): number {
    return this.#asked.get(symbol) ?? 0;
  }

  quote(symbol: string, bidPrice: string, askPrice: string): void {
    this.#newest.send(`Q ${symbol} ${bidPrice} ${askPrice}`);
  }

  heartbeat(): void {
    this.#newest.send("HB");
  }

  garbage(): void {
    this.#newest.send('{"this":"is not it"}');
  }

  flood(symbol: string): void {
    this.#newest.flood(`Q ${symbol} 25.35190000 25.36520000`);
  }

  freeze(): void {
    for (const { peer } of this.#server.connections) peer.isMuted = true;
  }

  drop(): void {
    for (const { peer } of this.#server.connections) peer.drop();
  }

  holdHandshakes(): void {
    this.#server.answer = { kind: "hold" };
  }

  stop(): void {
    this.#server.stop();
  }

  get #newest(): FakeVenueConnection {
    return this.#server.connections[this.#server.connections.length - 1];
  }

  /** Like the strictest venues: one bad symbol refuses the whole request, and the answer does not say which it was. */
  #answer(connection: FakeVenueConnection, text: string): void {
    const [verb, id, list] = text.split(" ");
    const symbols = list.split(",");
    if (verb !== "SUB") return;
    const isRefused = symbols.includes(REFUSED_SYMBOL);
    connection.send(isRefused ? `NO ${id} invalid-symbol` : `ACK ${id}`);
    if (isRefused && symbols.length > 1) return;
    for (const symbol of symbols) this.#asked.set(symbol, this.subscriptions(symbol) + 1);
  }
}

describeAdapterConformance("WebSocket", () => new TextVenuePeer());
