import { IngestError } from "../../domain/ingest-error.ts";
import type {
  CompiledGrpcVenue,
  GrpcControl,
  GrpcDecoder,
  GrpcDecoderParts,
  GrpcRequest,
  GrpcStream,
  GrpcStreaming,
  KeepaliveRule,
  ProtoSource,
} from "../compiled-grpc-venue.ts";
import { FrameKind } from "../compiled-venue.ts";
import { findSymbolProblems } from "../profile-checks.ts";
import { SymbolNames } from "../symbol-names.ts";
import { type Json, renderMessage } from "../templates.ts";
import { compileQuote } from "./compile-quote.ts";
import { compileTests, type PathScope } from "./compile-values.ts";
import { checkControlRule, fillReply, readControlRule } from "./control-rules.ts";
import { findMethod } from "./find-method.ts";
import { type GrpcMessagePlan, MessageDecoder, RuleFinder } from "./grpc-decoder.ts";
import type { GrpcProfile, GrpcRule } from "./grpc-profile-schema.ts";
import { decodeMessage } from "./message-decoder.ts";
import { encodeMessage } from "./message-encoder.ts";
import { PlanBuilder } from "./plan-builder.ts";
import type { ProtoMethod, ProtoSchema } from "./proto-schema.ts";
import type { GrpcQuotePlan } from "./value-plan.ts";

/** What a feed's own configuration changes of a profile. */
export interface GrpcVenueOptions {
  /** Another method, `package.Service/Method`. */
  readonly method?: string;
  readonly keepalive?: Partial<KeepaliveRule>;
  /** Metadata beside the profile's, or instead of it; values may hold `{token}`. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly firstMessageMs?: number;
}

/**
 * Makes a checked profile ready for an adapter. Call once per feed.
 *
 * Whether it fits the venue's `.proto` shows when it is bound: `bind()` at start where the files are at hand.
 */
export function compileGrpcVenue(profile: GrpcProfile, options: GrpcVenueOptions = {}): CompiledGrpcVenue {
  return new ProfiledGrpcVenue(profile, options);
}

class ProfiledGrpcVenue implements CompiledGrpcVenue {
  readonly name: string;
  readonly description: string;
  readonly transport = "grpc";
  readonly address: string | null;
  readonly tls: CompiledGrpcVenue["tls"];
  readonly proto: ProtoSource;
  readonly method: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly needsToken: boolean;
  readonly keepalive: KeepaliveRule;
  readonly ackTimeoutMs: number;
  readonly firstMessageMs: number;
  readonly limits: CompiledGrpcVenue["limits"];
  readonly sequence: CompiledGrpcVenue["sequence"];
  readonly #profile: GrpcProfile;

  constructor(profile: GrpcProfile, options: GrpcVenueOptions) {
    this.name = profile.name;
    this.description = profile.description;
    this.address = profile.address;
    this.tls = profile.tls;
    this.proto = profile.proto === "reflection" ? { kind: "reflection" } : { kind: "files", files: profile.proto };
    this.method = options.method ?? profile.method;
    this.metadata = { ...profile.metadata, ...options.metadata };
    this.needsToken = Object.values(this.metadata).some((value) => value.includes("{token}"));
    this.keepalive = { ...profile.keepalive, ...options.keepalive };
    this.ackTimeoutMs = profile.ackTimeoutMs;
    this.firstMessageMs = options.firstMessageMs ?? profile.firstMessageMs;
    this.limits = profile.limits;
    this.sequence = profile.sequence;
    this.#profile = profile;
  }

  bind(schema: ProtoSchema): GrpcStream {
    return new ProfiledStream(this.#profile, { schema, method: this.method });
  }
}

class ProfiledStream implements GrpcStream {
  readonly path: string;
  readonly streaming: GrpcStreaming;
  readonly #profile: GrpcProfile;
  readonly #method: ProtoMethod;
  readonly #plan: GrpcMessagePlan;
  readonly #finder: RuleFinder;
  readonly #names = new SymbolNames();

  /** @throws IngestError `config_invalid` that names everything that does not fit */
  constructor(profile: GrpcProfile, { schema, method }: { schema: ProtoSchema; method: string }) {
    this.#profile = profile;
    this.#method = findMethod(schema, method);
    this.path = `/${method}`;
    this.streaming = this.#method.isRequestStream ? "bidirectional" : "server";
    const problems: string[] = [];
    if (!this.#method.isResponseStream) problems.push("method: it answers once and streams nothing");
    this.#checkRequests(problems);
    this.#plan = compileRules(profile.messages, this.#method, problems);
    if (problems.length > 0) {
      throw badConfig(`Cannot use the venue profile "${profile.name}" with ${schema.origin}: ${problems.join("; ")}`);
    }
    this.#finder = new RuleFinder(this.#plan);
  }

  createDecoder(parts: GrpcDecoderParts): GrpcDecoder {
    const symbols = parts.instruments.map(({ symbol }) => symbol);
    const problems = findSymbolProblems(this.#profile, symbols);
    if (problems.length > 0) throw badConfig(`Cannot use the symbols: ${problems.join("; ")}`);
    return new MessageDecoder(this.#plan, parts);
  }

  subscribeRequests(symbols: readonly string[]): GrpcRequest[] {
    return this.#requests(this.#profile.subscribe as Json, symbols);
  }

  unsubscribeRequests(symbols: readonly string[]): GrpcRequest[] {
    const { unsubscribe } = this.#profile;
    return unsubscribe === undefined ? [] : this.#requests(unsubscribe as Json, symbols);
  }

  readControl(message: Uint8Array): GrpcControl {
    const index = this.#finder.find(message);
    const decoded = index < 0 ? null : decodeMessage(this.#method.response, message);
    if (decoded === null) return { kind: "none" };
    const parts = { names: this.#names, request: this.#method.request };
    return readControlRule(this.#profile.messages[index], decoded, parts);
  }

  #requests(template: Json, symbols: readonly string[]): GrpcRequest[] {
    this.#names.learn(symbols);
    const size = this.#profile.limits.symbolsPerRequest;
    const requests: GrpcRequest[] = [];
    for (let first = 0; first < symbols.length; first += size) {
      const named = symbols.slice(first, first + size);
      requests.push({ message: this.#encode(template, { symbols: named, problems: [] }), symbols: named });
    }
    return requests;
  }

  #encode(template: Json, { symbols, problems }: { symbols: readonly string[]; problems: string[] }): Uint8Array {
    const json = JSON.parse(renderMessage(template, { symbols, id: 1, wallMs: 0 })) as Json;
    return encodeMessage(this.#method.request, json, problems);
  }

  /** Encodes every request once, with the symbols of the demonstration. */
  #checkRequests(problems: string[]): void {
    const { subscribe, unsubscribe, messages, symbols } = this.#profile;
    const templates = {
      subscribe: subscribe as Json,
      ...(unsubscribe === undefined ? {} : { unsubscribe: unsubscribe as Json }),
    };
    for (const [name, template] of Object.entries(templates)) {
      const found: string[] = [];
      this.#encode(template, { symbols: symbols.default, problems: found });
      problems.push(...found.map((problem) => `${name}.${problem}`));
    }
    if (unsubscribe !== undefined && this.streaming === "server") {
      problems.push("unsubscribe: the call takes one request only");
    }
    for (const [index, rule] of messages.entries()) {
      if (rule.kind !== "heartbeat" || rule.reply === undefined) continue;
      if (this.streaming === "server") problems.push(`messages.${index}.reply: the call takes one request only`);
      const found: string[] = [];
      encodeMessage(this.#method.request, fillReply(rule.reply as Json, null), found);
      problems.push(...found.map((problem) => `messages.${index}.reply.${problem}`));
    }
  }
}

function compileRules(rules: readonly GrpcRule[], method: ProtoMethod, problems: string[]): GrpcMessagePlan {
  const told: string[] = [];
  const root = new PlanBuilder(method.response, told);
  const scope: PathScope = { root, rootDraft: root.root, item: null };
  const tests = [];
  const quotes: (GrpcQuotePlan | null)[] = [];
  for (const [index, rule] of rules.entries()) {
    tests.push(compileTests(scope, rule.when, "when"));
    quotes.push(rule.kind === "quote" ? compileQuote(root, rule.quote) : null);
    checkControlRule(rule, method.response, told);
    problems.push(...new Set(told.splice(0).map((problem) => `messages.${index}.${problem}`)));
  }
  return { scan: root.build(), tests, kinds: rules.map(kindOf), quotes };
}

function kindOf(rule: GrpcRule): FrameKind {
  if (rule.kind === "quote") return FrameKind.quote;
  if (rule.kind === "ignore") return FrameKind.ignored;
  return rule.kind === "heartbeat" && rule.reply === undefined ? FrameKind.heartbeat : FrameKind.control;
}

function badConfig(message: string): IngestError {
  return new IngestError(message, { code: "config_invalid", retry: "never" });
}
