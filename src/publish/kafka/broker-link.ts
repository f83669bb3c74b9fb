import type { Socket } from "node:net";
import Connection from "kafkajs/src/network/connection.js";
import apiKeys from "kafkajs/src/protocol/requests/apiKeys.js";
import { requests } from "kafkajs/src/protocol/requests/index.js";
import { IngestError } from "../../domain/ingest-error.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { TimeLimit } from "../../runtime/current-wait.ts";
import { openBrokerSocket } from "./broker-socket.ts";
import { type BrokerAddress, formatAddress, type KafkaEndpoint, type KafkaTools } from "./kafka-endpoint.ts";
import { describeHangUp, describeLinkFailure, describeSilence, type LinkPhase } from "./kafka-trouble.ts";
import { createKafkajsLogger } from "./kafkajs-logger.ts";
import { PRODUCE_VERSION } from "./produce-request.ts";
import { boundThrottle, throttleMs } from "./throttle.ts";

/** Version of the first question; every broker that takes our produce version answers it. */
const API_VERSIONS_VERSION = 2;
/** No request waits longer than this many request timeouts, even on a connection that is not silent. */
const HARD_LIMIT_FACTOR = 2;

/**
 * A TCP connection that does not stand by then is begun anew, ms: the kernel repeats its first packet in ever longer pauses,
 * so an attempt that was begun in an outage is the last to notice its end. TLS and login are not in this limit.
 */
const TCP_LIMIT_MS = 3000;

/** What a link is made of. */
export interface BrokerLinkOptions {
  readonly address: BrokerAddress;
  readonly endpoint: KafkaEndpoint;
  readonly tools: KafkaTools;
  /** A request after the handshake was answered: the broker is well. */
  onAnswered(): void;
  /** The end, once; `wasBusy` says whether it was opening or owed an answer: idle connections are closed by brokers. */
  onClosed(link: BrokerLink, reason: IngestError, wasBusy: boolean): void;
}

/**
 * One life of one connection to one broker, on kafkajs's `Connection`. It opens once and closes once; a new connection
 * is a new link, so no state of an old socket can leak into it. It is closed by the first error, and by a broker that
 * owes an answer and stays silent for the request timeout.
 */
export class BrokerLink {
  readonly address: BrokerAddress;
  readonly #options: BrokerLinkOptions;
  readonly #connection: Connection;
  readonly #whenClosed = Promise.withResolvers<IngestError>();
  #socket: Socket | null = null;
  #phase: LinkPhase = "tcp";
  #versions: KafkajsVersions = {};
  #closeReason: IngestError | null = null;
  #unanswered = 0;
  #silentSinceMs = 0;
  #watch: Timer | null = null;
  #tcpLimit: Timer | null = null;

  constructor(options: BrokerLinkOptions) {
    this.address = options.address;
    this.#options = options;
    const { endpoint } = options;
    this.#connection = new Connection({
      host: options.address.host,
      port: options.address.port,
      clientId: endpoint.clientId,
      logger: createKafkajsLogger(options.tools.log, formatAddress(options.address)),
      socketFactory: ({ onConnect }) => this.#openSocket(onConnect),
      // A copy: kafkajs keeps its authenticator on the object.
      sasl: endpoint.sasl === null ? null : { ...endpoint.sasl, mechanism: endpoint.sasl.mechanism.toUpperCase() },
      requestTimeout: endpoint.requestTimeoutMs * HARD_LIMIT_FACTOR,
      connectionTimeout: endpoint.connectTimeoutMs,
      enforceRequestTimeout: true,
      maxInFlightRequests: null,
    });
  }

  get isOpen(): boolean {
    return (this.#phase === "ready" || this.#phase === "proven") && this.#closeReason === null;
  }

  /** Monotonic ms since when it owes an answer and is silent; infinite when it owes none. */
  get silentSinceMs(): number {
    return this.#unanswered > 0 ? this.#silentSinceMs : Number.POSITIVE_INFINITY;
  }

  /** Connects, asks for the versions, authenticates. Rejects with an IngestError within the connect timeout. */
  async open(): Promise<void> {
    const { clock } = this.#options.tools;
    const limitMs = this.#options.endpoint.connectTimeoutMs;
    const timer = clock.schedule(limitMs, () => this.close(describeSilence(this.#failure(), limitMs)));
    try {
      const closed = await Promise.race([this.#handshake(), this.#whenClosed.promise]);
      if (closed !== null) throw closed;
      this.#phase = "ready";
    } catch (error) {
      throw this.#fail(error);
    } finally {
      timer.cancel();
    }
  }

  /** How long a request that is sent now may take: until the link has been silent too long, or beyond all patience. */
  requestLimit(): TimeLimit {
    const limitMs = this.#options.endpoint.requestTimeoutMs;
    // Throttled, the silence begins later.
    const sentMs = Math.max(this.#silentSinceMs, this.#options.tools.clock.monotonicMs());
    const hardMs = sentMs + limitMs * HARD_LIMIT_FACTOR;
    const silentSinceMs = () => Math.max(sentMs, this.#silentSinceMs);
    return {
      get deadlineMs() {
        return Math.min(hardMs, silentSinceMs() + limitMs);
      },
    };
  }

  /** One question and its answer. Rejects with an IngestError, and then the link is closed. */
  async request<Arguments, Answer>(
    api: { readonly key: number; readonly definition: KafkajsApi<Arguments, Answer> },
    values: Arguments,
  ): Promise<Answer> {
    const version = this.#chooseVersion(api.key, api.definition.versions);
    return await this.exchange(api.definition.protocol({ version })(values));
  }

  /** Like {@link request}, for a request of our own making. */
  async exchange<Answer>(exchange: KafkajsExchange<Answer, Answer>): Promise<Answer> {
    if (this.#closeReason !== null) throw this.#closeReason;
    this.#expectAnswer();
    try {
      const answer = await this.#connection.send({
        request: exchange.request,
        // Error codes within an answer are for the caller to judge, not for kafkajs to throw.
        response: {
          decode: async (payload: Buffer) => boundThrottle(await exchange.response.decode(payload)),
          parse: async (decoded: Answer) => decoded,
        },
        logResponseError: false,
      });
      this.#takeAnswer(answer);
      return answer;
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.#unanswered--;
      if (this.#unanswered === 0) this.#stopWatch();
    }
  }

  /** Destroys the socket; whoever waits for an answer is rejected with `reason`. Closing twice does nothing. */
  close(reason: IngestError): void {
    if (this.#closeReason !== null) return;
    const wasOpen = this.isOpen;
    this.#closeReason = reason;
    this.#stopWatch();
    this.#tcpLimit?.cancel();
    const connection = this.#connection;
    connection.connectionStatus = "disconnected";
    connection.requestQueue.rejectAll(reason);
    connection.requestQueue.destroy();
    // While connecting, only an `error` ends kafkajs's own wait and its timer.
    if (this.#phase === "tcp" || this.#phase === "connect") this.#socket?.destroy(reason);
    else this.#socket?.destroy();
    this.#whenClosed.resolve(reason);
    this.#options.onClosed(this, reason, !wasOpen || this.#unanswered > 0);
  }

  async #handshake(): Promise<null> {
    const connection = this.#connection;
    await connection.connect();
    this.#phase = "versions";
    this.#versions = await this.#askVersions();
    this.#chooseVersion(apiKeys.Produce, [String(PRODUCE_VERSION)]);
    connection.setVersions(this.#versions);
    // Every broker that takes PRODUCE_VERSION has SaslAuthenticate.
    connection.setSupportAuthenticationProtocol(true);
    if (this.#options.endpoint.sasl === null) return null;
    this.#phase = "sasl";
    await connection.authenticate();
    return null;
  }

  async #askVersions(): Promise<KafkajsVersions> {
    const ask = requests.ApiVersions.protocol({ version: API_VERSIONS_VERSION });
    const { apiVersions } = await this.#connection.send(ask(undefined));
    const byKey: Record<number, { minVersion: number; maxVersion: number }> = {};
    for (const { apiKey, minVersion, maxVersion } of apiVersions) byKey[apiKey] = { minVersion, maxVersion };
    return byKey;
  }

  #chooseVersion(apiKey: number, ours: readonly string[]): number {
    const range = this.#versions[apiKey] ?? { minVersion: 0, maxVersion: -1 };
    const best = Math.min(Math.max(...ours.map(Number)), range.maxVersion);
    if (best >= range.minVersion && ours.includes(String(best))) return best;
    const broker = formatAddress(this.address);
    throw new IngestError(
      `Cannot use broker ${broker} of KAFKA_BROKERS: it offers versions ${range.minVersion} to ${range.maxVersion} of API ${apiKey}, wanted is one of ${ours.join(", ")}`,
      { code: "kafka_refused", retry: "backoff", context: { broker, apiKey } },
    );
  }

  #openSocket(onConnect: () => void): Socket {
    const socket = openBrokerSocket(this.address, this.#options.endpoint.tls, onConnect);
    this.#socket = socket;
    // Not before the name is resolved, and for each of its addresses.
    socket.on("connectionAttempt", () => this.#limitTcp());
    socket.on("connect", () => {
      this.#tcpLimit?.cancel();
      if (this.#phase === "tcp") this.#phase = "connect";
    });
    // Ours come before kafkajs's listeners, so the reason is known before the requests are rejected.
    socket.on("error", (error) => this.#fail(error));
    socket.on("end", () => this.close(describeHangUp(this.#failure())));
    socket.on("close", () => this.close(describeHangUp(this.#failure())));
    return socket;
  }

  #limitTcp(): void {
    if (this.#closeReason !== null) return;
    const limitMs = Math.min(TCP_LIMIT_MS, this.#options.endpoint.connectTimeoutMs);
    this.#tcpLimit?.cancel();
    this.#tcpLimit = this.#options.tools.clock.schedule(limitMs, () =>
      this.close(describeSilence(this.#failure(), limitMs)),
    );
  }

  /** Closes the link for `error` and returns why it is closed. */
  #fail(error: unknown): IngestError {
    if (this.#closeReason === null) this.close(describeLinkFailure({ ...this.#failure(), cause: error }));
    return this.#closeReason ?? describeLinkFailure({ ...this.#failure(), cause: error });
  }

  #failure(): { address: BrokerAddress; endpoint: KafkaEndpoint; phase: LinkPhase } {
    return { address: this.address, endpoint: this.#options.endpoint, phase: this.#phase };
  }

  #expectAnswer(): void {
    this.#unanswered++;
    if (this.#unanswered > 1) return;
    // Later than now when an answer has throttled us.
    this.#silentSinceMs = Math.max(this.#silentSinceMs, this.#options.tools.clock.monotonicMs());
    this.#watchFor(this.#options.endpoint.requestTimeoutMs);
  }

  #takeAnswer(answer: unknown): void {
    // A throttled connection sends nothing for that long (KIP-219), so its silence begins after it.
    this.#silentSinceMs = this.#options.tools.clock.monotonicMs() + throttleMs(answer);
    this.#phase = "proven";
    this.#options.onAnswered();
  }

  /** One timer at a time, moved on when it fires: an answer costs no timer. */
  #watchFor(delayMs: number): void {
    if (this.#watch !== null) return;
    this.#watch = this.#options.tools.clock.schedule(delayMs, () => {
      this.#watch = null;
      const limitMs = this.#options.endpoint.requestTimeoutMs;
      const leftMs = this.#silentSinceMs + limitMs - this.#options.tools.clock.monotonicMs();
      if (leftMs > 0) this.#watchFor(leftMs);
      else this.close(describeSilence(this.#failure(), limitMs));
    });
  }

  #stopWatch(): void {
    this.#watch?.cancel();
    this.#watch = null;
  }
}
