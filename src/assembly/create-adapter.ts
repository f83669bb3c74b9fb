import type { Adapter } from "../adapters/adapter.ts";
import { loadFixEngine } from "../adapters/fix/engine/load-engine.ts";
import { FixAdapter } from "../adapters/fix/fix-adapter.ts";
import { SequenceStore, type SequenceStoreOptions, type SequenceTrouble } from "../adapters/fix/sequence-store.ts";
import type { FixTlsOptions } from "../adapters/fix/socket-options.ts";
import { GrpcAdapter } from "../adapters/grpc/grpc-adapter.ts";
import type { GrpcTls } from "../adapters/grpc/grpc-link.ts";
import { RestAdapter } from "../adapters/rest/rest-adapter.ts";
import { WebSocketAdapter } from "../adapters/websocket/websocket-adapter.ts";
import { VERSION } from "../build-info.ts";
import type { Config, VenueTlsConfig } from "../config/config.ts";
import type { Clock } from "../runtime/clock.ts";
import type { RequestBudget } from "../runtime/request-budget.ts";
import { createTradingCalendar } from "../runtime/session-hours.ts";
import type { TurnQueue } from "../runtime/turn-queue.ts";
import { fixIdentity } from "./fix-identity.ts";
import type {
  EnabledFeed,
  EnabledFixFeed,
  EnabledGrpcFeed,
  EnabledRestFeed,
  EnabledWebSocketFeed,
} from "./prepare-feeds.ts";

/** What our requests call themselves. */
const USER_AGENT = `edge-ingester/${VERSION}`;

/** The content of a secret's file as it is now; null when it cannot be read. */
export type SecretReader = (path: string) => Promise<string | null>;

/** What adapters work with. */
export interface AdapterParts {
  /** Shared by all sockets of the process. */
  readonly turns: TurnQueue;
  /** Shared by all polls of the process: what a venue allows an address it allows all of us together. */
  readonly budget: RequestBudget;
  readonly clock: Clock;
  readonly rawPayload: Config["rawPayload"];
  readonly readSecret: SecretReader;
  /** Where session numbers are kept. */
  readonly stateDir: string;
  /** The numbers of FIX sessions by name of the feed: a new adapter of a feed goes on with them. Absent: none is ever made. */
  readonly stores?: Map<string, SequenceStore>;
  /** The numbers of this feed's session cannot be kept as they should; the session goes on all the same. */
  onNumbersTrouble(source: string, trouble: SequenceTrouble): void;
}

/** The adapter of one feed; opens nothing. */
export function createAdapter(feed: EnabledFeed, parts: AdapterParts): Adapter {
  switch (feed.transport) {
    case "websocket":
      return createWebSocketAdapter(feed, parts);
    case "fix":
      return createFixAdapter(feed, parts);
    case "rest":
      return createRestAdapter(feed, parts);
    case "grpc":
      return createGrpcAdapter(feed, parts);
  }
}

function createWebSocketAdapter({ config, venue }: EnabledWebSocketFeed, { turns }: AdapterParts): WebSocketAdapter {
  return new WebSocketAdapter({ venue, turns, ...(config.ca === null ? {} : { caPem: config.ca.pem }) });
}

/** Reveals the feed's token with each call. */
function createGrpcAdapter({ config, venue, address, schema }: EnabledGrpcFeed, parts: AdapterParts): GrpcAdapter {
  const { token, tokenFile, tls } = config;
  return new GrpcAdapter({
    venue,
    address,
    schema,
    tls: tls === null ? null : grpcTls(tls),
    token: token === null ? null : () => token.reveal(),
    rereadToken: tokenFile === null ? null : () => parts.readSecret(tokenFile),
    rawPayload: parts.rawPayload,
  });
}

function grpcTls({ ca, client, serverName }: VenueTlsConfig): GrpcTls {
  return {
    ...(ca === null ? {} : { caPem: ca.pem }),
    ...(client === null ? {} : { certPem: client.certificate.pem, keyPem: client.key.pem.reveal() }),
    ...(serverName === null ? {} : { serverName }),
  };
}

/** Reveals the feed's token at each request. */
function createRestAdapter({ config, venue }: EnabledRestFeed, { budget, readSecret }: AdapterParts): RestAdapter {
  const { account, token, tokenFile, publishUnchanged, staleAfterMs, ca } = config;
  return new RestAdapter({
    venue,
    budget,
    userAgent: USER_AGENT,
    account,
    token: () => token?.reveal() ?? null,
    rereadToken: tokenFile === null ? null : () => readSecret(tokenFile),
    publishUnchanged: publishUnchanged === "on",
    ...(staleAfterMs === null ? {} : { staleAfterMs }),
    ...(ca === null ? {} : { caPem: ca.pem }),
  });
}

/** Reveals the feed's secrets, each when the session asks for it. */
function createFixAdapter(feed: EnabledFixFeed, parts: AdapterParts): FixAdapter {
  const { config, venue, settings, hours, wrapBooks } = feed;
  const { name } = config;
  const { host, port, heartbeatS, username, password } = settings;
  const identity = fixIdentity(settings, venue);
  return new FixAdapter({
    name,
    venue,
    identity,
    host,
    port,
    tls: settings.tls === null ? null : tlsOptions(settings.tls),
    heartbeatS,
    credentials: { username, password: () => password?.reveal() ?? null },
    reset: settings.reset ?? venue.logon.reset,
    depth: settings.depth,
    publish: settings.publish,
    isSubscribing: settings.subscribe === "on",
    logonTimeoutMs: settings.logonTimeoutMs,
    subscribeTimeoutMs: settings.subscribeTimeoutMs ?? venue.subscribeTimeoutMs,
    calendar: createTradingCalendar(hours),
    store: storeOf({ name, identity, host, port }, parts),
    turns: parts.turns,
    loadEngine: loadFixEngine,
    dictionaryXml: settings.dictionary?.xml ?? null,
    ...(wrapBooks === undefined ? {} : { wrapBooks }),
  });
}

function storeOf(session: Pick<SequenceStoreOptions, "name" | "identity" | "host" | "port">, parts: AdapterParts) {
  const { name } = session;
  const store =
    parts.stores?.get(name) ??
    new SequenceStore({
      ...session,
      directory: parts.stateDir,
      clock: parts.clock,
      onTrouble: (trouble) => parts.onNumbersTrouble(name, trouble),
    });
  parts.stores?.set(name, store);
  return store;
}

function tlsOptions({ ca, client, serverName }: VenueTlsConfig): FixTlsOptions {
  return {
    caPem: ca?.pem ?? null,
    certPem: client?.certificate.pem ?? null,
    keyPem: client === null ? null : () => client.key.pem.reveal(),
    serverName,
  };
}
