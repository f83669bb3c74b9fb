import { isIP, type Socket } from "node:net";
import type { ChannelCredentials, ChannelOptions } from "@grpc/grpc-js";
import { IngestError } from "../../domain/ingest-error.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { KeepaliveRule } from "../../venues/compiled-grpc-venue.ts";
import type { GrpcLibrary } from "./grpc-library.ts";
import { connectError } from "./status-meaning.ts";

/** How long the connection may take to end in good order, ms. */
const CLOSE_GRACE_MS = 250;
/**
 * Bytes the venue may send ahead of what was read (RFC 9113, section 6.5.2: the default). It is all that can stand in memory of one
 * connection: under Bun 1.4.5 a larger one makes the stream slower, and its buffers grow.
 */
const FLOW_CONTROL_WINDOW = 65_535;

/** Certificates as PEM texts; absent parts are the system's, or none. */
export interface GrpcTls {
  readonly caPem?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
  /** The name the venue's certificate is for, where it is not the host's. */
  readonly serverName?: string;
}

/** Where to, and how. */
export interface GrpcLinkOptions {
  readonly grpc: GrpcLibrary;
  /** host:port. */
  readonly target: string;
  /** null: no encryption. */
  readonly tls: GrpcTls | null;
  readonly keepalive: KeepaliveRule;
  readonly maxMessageBytes: number;
  readonly openLimitMs: number;
  readonly clock: Clock;
}

/** One channel with its one connection, which it never makes anew: when it is gone, so is the session. */
export class GrpcLink {
  readonly channel: InstanceType<GrpcLibrary["Channel"]>;
  readonly #options: GrpcLinkOptions;
  /** The TCP socket, and the TLS socket on it. */
  readonly #sockets = new Set<Socket>();
  #limit: Timer | null = null;
  #handshakeProblem: string | null = null;
  #onReady: PromiseWithResolvers<void> | null = null;
  #isClosed = false;

  /** @throws IngestError `config_invalid` when a certificate or key cannot be used */
  constructor(options: GrpcLinkOptions) {
    this.#options = options;
    const { grpc, target, tls, keepalive, maxMessageBytes } = options;
    const settings: ChannelOptions = {
      // One connection of its own: the library would share it with the next session of the same feed.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      "grpc.service_config_disable_resolution": 1,
      // What the process uses to get out is configuration of ours, not of the environment.
      "grpc.enable_http_proxy": 0,
      "grpc.keepalive_time_ms": keepalive.everyMs,
      "grpc.keepalive_timeout_ms": keepalive.timeoutMs,
      "grpc.keepalive_permit_without_calls": 0,
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc-node.flow_control_window": FLOW_CONTROL_WINDOW,
      "grpc.enable_channelz": 0,
    };
    if (tls?.serverName !== undefined) {
      settings["grpc.ssl_target_name_override"] = tls.serverName;
      settings["grpc.default_authority"] = tls.serverName;
    }
    this.channel = new grpc.Channel(target, this.#watched(createCredentials(options)), settings);
  }

  /** Resolves once the connection is up; rejects with why it is not. */
  connect(): Promise<void> {
    const { clock, openLimitMs } = this.#options;
    this.#onReady = Promise.withResolvers<void>();
    this.#limit = clock.schedule(openLimitMs, () => this.#fail(this.#timeoutError()));
    this.#look();
    return this.#onReady.promise;
  }

  /**
   * Ends everything; resolves when no socket is left.
   *
   * @param how `politely`: the venue gets a word and a moment
   */
  async close(how: "politely" | "at once"): Promise<void> {
    this.#isClosed = true;
    this.#limit?.cancel();
    this.#limit = null;
    this.channel.close();
    if (how === "politely") await this.#socketsEnd();
    for (const socket of this.#sockets) socket.destroy();
  }

  #look(): void {
    if (this.#isClosed) return;
    const { connectivityState } = this.#options.grpc;
    const state = this.channel.getConnectivityState(true);
    if (state === connectivityState.READY) {
      this.#limit?.cancel();
      this.#limit = null;
      this.#onReady?.resolve();
    } else if (state === connectivityState.TRANSIENT_FAILURE) this.#askWhy();
    else this.channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => this.#look());
  }

  /** The library tells why it could not connect to calls alone: one that is made in vain. */
  #askWhy(): void {
    const { target, grpc } = this.#options;
    if (this.#handshakeProblem !== null) {
      this.#fail(connectError(target, this.#handshakeProblem));
      return;
    }
    const call = this.channel.createCall("/", Number.POSITIVE_INFINITY, null, null, undefined);
    call.start(new grpc.Metadata(), {
      onReceiveMetadata: ignore,
      onReceiveMessage: ignore,
      onReceiveStatus: ({ details }) => this.#fail(connectError(target, details)),
    });
    call.halfClose();
  }

  #fail(error: IngestError): void {
    this.#limit?.cancel();
    this.#limit = null;
    this.#onReady?.reject(error);
  }

  /** Credentials that let us know the sockets, so that none outlives the session, and why a handshake failed. */
  #watched(credentials: ChannelCredentials): ChannelCredentials {
    const create = credentials._createSecureConnector.bind(credentials);
    credentials._createSecureConnector = (...parameters) => {
      const connector = create(...parameters);
      withoutAddressAsName(connector);
      return {
        waitForReady: () => connector.waitForReady(),
        getCallCredentials: () => connector.getCallCredentials(),
        destroy: () => connector.destroy(),
        connect: async (socket) => {
          this.#keep(socket);
          if (this.#isClosed) throw new Error("The session is over");
          try {
            const result = await connector.connect(socket);
            this.#keep(result.socket);
            return result;
          } catch (error) {
            const { code, message } = error as Error & { code?: string };
            this.#handshakeProblem = code === undefined ? message : `${message} (${code})`;
            throw error;
          }
        },
      };
    };
    return credentials;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    if (this.#isClosed) socket.destroy();
  }

  /** Waits for all sockets to close by themselves, for a moment. */
  #socketsEnd(): Promise<void> {
    return new Promise((resolve) => {
      const sockets = [...this.#sockets].filter((socket) => !socket.destroyed);
      if (sockets.length === 0) {
        resolve();
        return;
      }
      const timer = this.#options.clock.schedule(CLOSE_GRACE_MS, resolve);
      let open = sockets.length;
      for (const socket of sockets) {
        socket.once("close", () => {
          if (--open > 0) return;
          timer.cancel();
          resolve();
        });
      }
    });
  }

  #timeoutError(): IngestError {
    const { target, openLimitMs } = this.#options;
    return new IngestError(`Cannot connect to ${target}: no answer to the handshake within ${openLimitMs} ms`, {
      code: "handshake_timeout",
      retry: "backoff",
    });
  }
}

/**
 * The library names the host to the venue even where that is an IP address, which no name may be (RFC 6066, section 3): Bun refuses
 * it. Without a name the address itself is looked for in the certificate.
 */
function withoutAddressAsName(connector: object): void {
  const { connectionOptions } = connector as { connectionOptions?: { servername?: string } };
  if (isIP(connectionOptions?.servername ?? "") !== 0) delete connectionOptions?.servername;
}

function createCredentials({ grpc, target, tls }: GrpcLinkOptions): ChannelCredentials {
  if (tls === null) return grpc.credentials.createInsecure();
  try {
    return grpc.credentials.createSsl(pem(tls.caPem), pem(tls.keyPem), pem(tls.certPem), {
      // Said aloud: it outranks NODE_TLS_REJECT_UNAUTHORIZED=0.
      rejectUnauthorized: true,
    });
  } catch (cause) {
    throw new IngestError(`Cannot connect to ${target}: a certificate or key cannot be used`, {
      code: "config_invalid",
      retry: "never",
      cause,
    });
  }
}

function pem(text: string | undefined): Buffer | null {
  return text === undefined ? null : Buffer.from(text, "utf8");
}

/** A call that cannot be has nothing to say but its status. */
function ignore(): void {}
