import { IngestError } from "../domain/ingest-error.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink } from "../domain/quote.ts";
import { compileMessages, type MessagePlan } from "./compile-messages.ts";
import type { CompiledVenue, ControlMessage, FrameDecoder, OutgoingRequest, PingRule } from "./compiled-venue.ts";
import { ControlReader } from "./control-reader.ts";
import { findSymbolProblems } from "./profile-checks.ts";
import { ProfileDecoder } from "./profile-decoder.ts";
import { SymbolNames } from "./symbol-names.ts";
import { hasRequestId, type Json, renderMessage, renderText } from "./templates.ts";
import type { WebSocketProfile } from "./websocket-profile-schema.ts";

/** What a feed's own configuration changes of a profile. */
export interface VenueOptions {
  /** Another address, `ws://` or `wss://`. */
  readonly urlOverride?: string;
  /** Another interval of pings, ms; a WebSocket ping frame when the profile has no ping. 0 switches pings off. */
  readonly pingIntervalMs?: number;
}

/**
 * Compiles a checked profile into all an adapter needs. Call once per feed: the venue remembers the symbols it was
 * asked to subscribe, by which it reads the names in acks and refusals.
 * @throws IngestError `config_invalid` when `urlOverride` is no WebSocket URL
 */
export function compileVenue(profile: WebSocketProfile, options: VenueOptions = {}): CompiledVenue {
  return new ProfiledVenue(profile, options);
}

/** What a request carries beside its symbols. */
interface RequestStamps {
  readonly nextId: () => number;
  readonly wallMs: number;
}

class ProfiledVenue implements CompiledVenue {
  readonly name: string;
  readonly description: string;
  readonly transport = "websocket";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: CompiledVenue["limits"];
  readonly ping: PingRule | null;
  readonly sequence: CompiledVenue["sequence"];
  readonly ackTimeoutMs: number;

  readonly #profile: WebSocketProfile;
  readonly #plan: MessagePlan;
  readonly #names = new SymbolNames();
  readonly #control: ControlReader;

  constructor(profile: WebSocketProfile, options: VenueOptions) {
    this.name = profile.name;
    this.description = profile.description;
    this.url = options.urlOverride === undefined ? profile.url : checkUrl(options.urlOverride);
    this.headers = profile.headers;
    this.limits = profile.limits;
    this.ping = pingRuleOf(profile, options.pingIntervalMs);
    this.sequence = profile.sequence;
    this.ackTimeoutMs = profile.ackTimeoutMs;
    this.#profile = profile;
    this.#plan = compileMessages(profile);
    this.#control = new ControlReader(this.#plan, this.#names);
  }

  /** @throws IngestError `config_invalid` when a symbol cannot be one of the venue's, or two are the same there */
  createDecoder(instruments: readonly Instrument[], sink: QuoteSink, epoch: number): FrameDecoder {
    const symbols = instruments.map(({ symbol }) => symbol);
    const problems = findSymbolProblems(this.#profile, symbols);
    if (problems.length > 0) throw badConfig(`Cannot use the symbols: ${problems.join("; ")}`);
    return new ProfileDecoder(this.#plan, { instruments, sink, epoch });
  }

  openingTexts(nextId: () => number, wallMs: number): string[] {
    return (this.#profile.opening as readonly Json[]).map((message) => {
      return renderMessage(message, { symbols: [], id: hasRequestId(message) ? nextId() : 0, wallMs });
    });
  }

  subscribeRequests(symbols: readonly string[], nextId: () => number, wallMs: number): OutgoingRequest[] {
    return this.#requests(this.#profile.subscribe as Json, symbols, { nextId, wallMs });
  }

  unsubscribeRequests(symbols: readonly string[], nextId: () => number, wallMs: number): OutgoingRequest[] {
    return this.#requests(this.#profile.unsubscribe as Json, symbols, { nextId, wallMs });
  }

  pingText(nextId: () => number, wallMs: number): string {
    const ping = this.#profile.ping;
    if (ping?.text !== undefined) return renderText(ping.text, { symbols: [], id: 0, wallMs });
    if (ping?.message === undefined) return "";
    const message = ping.message as Json;
    return renderMessage(message, { symbols: [], id: hasRequestId(message) ? nextId() : 0, wallMs });
  }

  readControl(frame: Uint8Array): ControlMessage {
    return this.#control.read(frame);
  }

  #requests(template: Json, symbols: readonly string[], { nextId, wallMs }: RequestStamps): OutgoingRequest[] {
    this.#names.learn(symbols);
    const requests: OutgoingRequest[] = [];
    const size = this.limits.symbolsPerRequest;
    for (let first = 0; first < symbols.length; first += size) {
      const named = symbols.slice(first, first + size);
      const id = hasRequestId(template) ? nextId() : 0;
      requests.push({ text: renderMessage(template, { symbols: named, id, wallMs }), id, symbols: named });
    }
    return requests;
  }
}

function pingRuleOf({ ping }: WebSocketProfile, intervalMs: number | undefined): PingRule | null {
  if (intervalMs === 0) return null;
  if (ping !== null) return { everyMs: intervalMs ?? ping.everyMs, when: ping.when, isFrame: ping.frame === true };
  return intervalMs === undefined ? null : { everyMs: intervalMs, when: "always", isFrame: true };
}

function checkUrl(url: string): string {
  const protocol = URL.parse(url)?.protocol;
  if (protocol === "ws:" || protocol === "wss:") return url;
  throw badConfig("Cannot use the URL of the feed as it must start with ws:// or wss://");
}

function badConfig(message: string): IngestError {
  return new IngestError(message, { code: "config_invalid", retry: "never" });
}
