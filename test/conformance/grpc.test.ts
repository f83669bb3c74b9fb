import { afterAll } from "bun:test";
import { Metadata, status } from "@grpc/grpc-js";
import type { Adapter } from "../../src/adapters/adapter.ts";
import { GrpcAdapter } from "../../src/adapters/grpc/grpc-adapter.ts";
import { FrontDoor } from "../harness/front-door.ts";
import {
  createPlainVenue,
  loadPlainSchema,
  type PlainCall,
  PlainGrpcServer,
  type PlainRequest,
  plainEvent,
} from "../harness/grpc-plain-venue.ts";
import { type ConformancePeer, describeAdapterConformance, REFUSED_SYMBOL } from "./adapter-conformance.ts";

const servers = { server: await PlainGrpcServer.start(), bidirectional: await PlainGrpcServer.start() };
const schema = await loadPlainSchema();

const EMPTY = new Metadata();

/** Messages a flood writes before other work gets its turn. */
const FLOOD_BATCH = 200;

/** The venue of plain words as a conforming peer, on calls of one kind. */
class PlainGrpcPeer implements ConformancePeer {
  readonly adapter: Adapter;
  readonly #kind: "server" | "bidirectional";
  readonly #server: PlainGrpcServer;
  readonly #door: FrontDoor;
  readonly #asked = new Map<string, number>();
  /** The call that each symbol was asked for on with last. */
  readonly #callOf = new Map<string, PlainCall>();

  constructor(kind: "server" | "bidirectional") {
    this.#kind = kind;
    this.#server = servers[kind];
    this.#door = new FrontDoor(this.#server.port);
    this.#server.onRequest = (call, request) => this.#answer(call, request);
    this.adapter = new GrpcAdapter({
      venue: createPlainVenue(kind),
      address: `127.0.0.1:${this.#door.port}`,
      schema,
      tls: null,
      token: null,
      rereadToken: null,
      rawPayload: "on",
    });
  }

  get openConnections(): number {
    return this.#door.openConnections;
  }

  subscriptions(symbol: string): number {
    return this.#asked.get(symbol) ?? 0;
  }

  quote(symbol: string, bid: string, ask: string): void {
    this.#callOf.get(symbol)?.write(plainEvent({ quote: { symbol, bid, ask } }));
  }

  heartbeat(): void {
    this.#callOf.get("A")?.write(plainEvent({ heartbeat: true }));
  }

  garbage(): void {
    this.#callOf.get("A")?.write(Buffer.from([0x0a, 0xff, 0x01]));
  }

  flood(symbol: string): void {
    const call = this.#callOf.get(symbol);
    const event = plainEvent({ quote: { symbol, bid: "25.35190000", ask: "25.36520000" } });
    const write = () => {
      if (call === undefined || !this.#server.calls.has(call)) return;
      let isTaken = true;
      for (let i = 0; i < FLOOD_BATCH && isTaken; i++) isTaken = call.write(event);
      if (isTaken) setImmediate(write);
      else call.once("drain", () => setImmediate(write));
    };
    write();
  }

  freeze(): void {
    this.#door.freeze();
  }

  drop(): void {
    this.#door.drop();
  }

  holdHandshakes(): void {
    this.#door.hold();
  }

  stop(): void {
    this.#door.stop();
  }

  /** A call with one request is refused as a whole, and the answer does not say which symbol it was. */
  #answer(call: PlainCall, { symbols }: PlainRequest): void {
    const isRefused = symbols.includes(REFUSED_SYMBOL);
    if (this.#kind === "server" && isRefused) {
      call.emit("error", { code: status.NOT_FOUND, details: "unknown symbol" });
      return;
    }
    if (this.#kind === "server") call.sendMetadata(EMPTY);
    for (const symbol of symbols) {
      if (this.#kind === "bidirectional") {
        const refusal = symbol === REFUSED_SYMBOL ? "unknown symbol" : "";
        call.write(plainEvent({ answer: { symbol, refusal } }));
      }
      this.#asked.set(symbol, this.subscriptions(symbol) + 1);
      this.#callOf.set(symbol, call);
    }
  }
}

afterAll(() => {
  for (const server of Object.values(servers)) server.stop();
});

describeAdapterConformance("gRPC (server streaming)", () => new PlainGrpcPeer("server"));
describeAdapterConformance("gRPC (bidirectional)", () => new PlainGrpcPeer("bidirectional"));
