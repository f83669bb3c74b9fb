import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Adapter } from "../../src/adapters/adapter.ts";
import { loadFixEngine } from "../../src/adapters/fix/engine/load-engine.ts";
import { FixAdapter } from "../../src/adapters/fix/fix-adapter.ts";
import { SequenceStore } from "../../src/adapters/fix/sequence-store.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { TurnQueue } from "../../src/runtime/turn-queue.ts";
import type { FixField } from "../../src/venues/compiled-fix-venue.ts";
import { createPlainFixVenue } from "../harness/fix-plain-venue.ts";
import { type AcceptorConnection, type ReceivedMessage, ScriptedAcceptor } from "../harness/scripted-acceptor.ts";
import { type ConformancePeer, describeAdapterConformance, REFUSED_SYMBOL } from "./adapter-conformance.ts";

/** An LP of plain FIX 4.4 as a conforming peer. */
class PlainLpPeer implements ConformancePeer {
  readonly adapter: Adapter;
  readonly #acceptor = new ScriptedAcceptor();
  readonly #folder = mkdtempSync(join(tmpdir(), "fix-conformance-"));
  readonly #asked = new Map<string, number>();
  /** MDReqID (262) that each symbol was asked for with last. */
  readonly #requestIds = new Map<string, string>();
  #isHolding = false;

  constructor() {
    this.#acceptor.onMessage = (connection, message) => this.#onMessage(connection, message);
    const clock = new SystemClock();
    const identity = { beginString: "FIX.4.4", sender: "US", target: "LP", senderSub: null, targetSub: null };
    const place = { host: "127.0.0.1", port: this.#acceptor.port };
    const directory = this.#folder;
    this.adapter = new FixAdapter({
      ...place,
      name: "feed",
      venue: createPlainFixVenue(),
      identity,
      tls: null,
      heartbeatS: 30,
      credentials: { username: null, password: () => null },
      reset: "logon",
      depth: 1,
      publish: "every_update",
      isSubscribing: true,
      logonTimeoutMs: 5000,
      subscribeTimeoutMs: 5000,
      calendar: null,
      store: new SequenceStore({ ...place, name: "feed", directory, identity, clock, onTrouble: fail }),
      turns: new TurnQueue(clock),
      loadEngine: loadFixEngine,
      dictionaryXml: null,
    });
  }

  get openConnections(): number {
    return this.#acceptor.openConnections;
  }

  subscriptions(symbol: string): number {
    return this.#asked.get(symbol) ?? 0;
  }

  quote(symbol: string, bidPrice: string, askPrice: string): void {
    this.#acceptor.newest.send("W", this.#snapshot(symbol, [bidPrice, askPrice]));
  }

  heartbeat(): void {
    this.#acceptor.newest.send("0", []);
  }

  /** Its bytes were hurt on the way: it counts as never sent, is asked for again and then sent whole, as an old message. */
  garbage(): void {
    this.#acceptor.newest.send("W", this.#snapshot("B", ["1", "2"]), { isBroken: true });
  }

  flood(symbol: string): void {
    this.#acceptor.newest.flood("W", this.#snapshot(symbol, ["25.35190000", "25.36520000"]));
  }

  freeze(): void {
    for (const connection of this.#acceptor.connections) connection.isMuted = true;
  }

  drop(): void {
    for (const connection of this.#acceptor.connections) connection.drop();
  }

  holdHandshakes(): void {
    this.#isHolding = true;
  }

  stop(): void {
    this.#acceptor.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #onMessage(connection: AcceptorConnection, message: ReceivedMessage): boolean {
    if (this.#isHolding) return true;
    if (message.type !== "V") return false;
    if (message.get(263) === "2") return true;
    const id = message.get(262) ?? "";
    const symbol = message.get(55) ?? "";
    if (symbol === REFUSED_SYMBOL) {
      connection.send("Y", [
        [262, id],
        [281, "0"],
        [58, "unknown symbol"],
      ]);
      return true;
    }
    this.#asked.set(symbol, this.subscriptions(symbol) + 1);
    this.#requestIds.set(symbol, id);
    // What may have been sent before (97) makes a book and no quote: an answer, and nothing else.
    connection.send("W", [[97, "Y"], ...this.#snapshot(symbol, [])]);
    return true;
  }

  #snapshot(symbol: string, prices: readonly string[]): FixField[] {
    const entries = prices.flatMap((price, side): FixField[] => [
      [269, String(side)],
      [270, price],
      [271, "1000000"],
    ]);
    const id = this.#requestIds.get(symbol) ?? "";
    return [[262, id], [55, symbol], [268, String(prices.length)], ...entries];
  }
}

function fail(trouble: unknown): never {
  throw new Error(`the store has trouble: ${JSON.stringify(trouble)}`);
}

describeAdapterConformance("FIX", () => new PlainLpPeer());
