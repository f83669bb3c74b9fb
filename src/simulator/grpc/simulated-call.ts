import type { Market } from "../market.ts";
import type { GrpcDialect, ToldQuote } from "./grpc-dialect.ts";
import type { VenueCall } from "./grpc-venue-server.ts";

/** Messages a client may leave unread before quotes are withheld from it: the venue conflates. */
const WITHHOLD_ABOVE_MESSAGES = 1000;

/** One call of a client: what it has subscribed, and what it has been told. */
export class SimulatedCall {
  readonly id: string;
  readonly call: VenueCall;
  readonly markets = new Map<string, Market>();
  /** Monotonic ms of the last message sent. */
  lastSentMs: number;
  isOver = false;
  readonly #dialect: GrpcDialect;
  readonly #told = new Map<string, ToldQuote>();

  constructor(id: string, call: VenueCall, { dialect, nowMs }: { dialect: GrpcDialect; nowMs: number }) {
    this.id = id;
    this.call = call;
    this.#dialect = dialect;
    this.lastSentMs = nowMs;
  }

  /** The client has fallen too far behind. */
  get isBehind(): boolean {
    return this.call.writableLength > WITHHOLD_ABOVE_MESSAGES;
  }

  /** Forgets what was told: the next quote of the instrument is whole. */
  subscribe(market: Market): void {
    this.markets.set(market.symbol, market);
    this.#told.set(market.symbol, { bidPrice: "", askPrice: "", isWhole: false });
  }

  /** Sends the market's present quote; false when the client should read first. */
  sendQuote(market: Market, nowMs: number): boolean {
    const told = this.#told.get(market.symbol);
    if (told === undefined || this.isOver) return false;
    this.lastSentMs = nowMs;
    return this.call.write(this.#dialect.quote(market, told));
  }

  send(message: Buffer, nowMs: number): void {
    if (this.isOver) return;
    this.lastSentMs = nowMs;
    this.call.write(message);
  }

  /** Ends in good order. */
  end(): void {
    if (!this.isOver) this.call.end();
  }

  /** Ends with a status. */
  fail(code: number, details: string): void {
    if (!this.isOver) this.call.emit("error", { code, details });
  }
}
