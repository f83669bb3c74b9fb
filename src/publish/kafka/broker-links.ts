import { IngestError } from "../../domain/ingest-error.ts";
import { errorFields } from "../../domain/log.ts";
import type { CurrentWait } from "../../runtime/current-wait.ts";
import { BrokerLink } from "./broker-link.ts";
import { ConnectGate } from "./connect-gate.ts";
import { type BrokerAddress, formatAddress, type KafkaEndpoint, type KafkaTools } from "./kafka-endpoint.ts";

/** The slot of metadata, producer ids and topic questions: never behind a batch that waits for its replicas. */
export const CONTROL_SLOT = "control";

/**
 * All open connections, one for each broker and slot, made when first asked for and made anew when they ended.
 */
export class BrokerLinks {
  readonly #endpoint: KafkaEndpoint;
  readonly #tools: KafkaTools;
  /** By address and slot. */
  readonly #open = new Map<string, BrokerLink>();
  readonly #opening = new Map<string, Promise<BrokerLink>>();
  /** Every link whose socket is not destroyed yet. */
  readonly #alive = new Set<BrokerLink>();
  /** By address. */
  readonly #gates = new Map<string, ConnectGate>();
  /** By address: why its connections ended, as logged; absent while it answers. */
  readonly #logged = new Map<string, string>();
  #isClosed = false;

  constructor(endpoint: KafkaEndpoint, tools: KafkaTools) {
    this.#endpoint = endpoint;
    this.#tools = tools;
  }

  /** Failed connections in a row to one broker. */
  failures(address: BrokerAddress): number {
    return this.#gates.get(formatAddress(address))?.failures ?? 0;
  }

  /** The link of one broker and slot, opened when need be; `wait` is told how long that may take. Rejects with an IngestError. */
  async acquire(address: BrokerAddress, slot: string, wait?: CurrentWait): Promise<BrokerLink> {
    const key = `${formatAddress(address)} ${slot}`;
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    const gate = this.#gate(address);
    wait?.follow(gate.wait);
    const running = this.#opening.get(key);
    if (running !== undefined) return await running;
    const opening = gate.pass(() => this.#connect(address, key));
    this.#opening.set(key, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(key);
    }
  }

  /** Destroys every socket; all waiting requests are rejected with `reason`. Nothing is opened afterwards. */
  close(reason: IngestError): void {
    this.#isClosed = true;
    for (const gate of this.#gates.values()) gate.close();
    for (const link of [...this.#alive]) link.close(reason);
  }

  /** Ends the connections that have been silent since `beforeMs` although they owe an answer. */
  closeSilent(beforeMs: number, reason: IngestError): void {
    for (const link of [...this.#open.values()]) if (link.silentSinceMs <= beforeMs) link.close(reason);
  }

  /** The same, for those that are asked for metadata alone. */
  closeSilentControl(beforeMs: number, reason: IngestError): void {
    for (const [key, link] of [...this.#open]) {
      if (key.endsWith(` ${CONTROL_SLOT}`) && link.silentSinceMs <= beforeMs) link.close(reason);
    }
  }

  #gate(address: BrokerAddress): ConnectGate {
    const key = formatAddress(address);
    let gate = this.#gates.get(key);
    if (gate === undefined) {
      gate = new ConnectGate(this.#tools.clock, this.#tools.random);
      this.#gates.set(key, gate);
    }
    return gate;
  }

  async #connect(address: BrokerAddress, key: string): Promise<BrokerLink> {
    if (this.#isClosed) throw new IngestError("Cannot connect: stopped", { code: "kafka_unavailable", retry: "never" });
    const broker = formatAddress(address);
    const gate = this.#gate(address);
    gate.wait.until(this.#tools.clock.monotonicMs() + this.#endpoint.connectTimeoutMs);
    let isUseful = false;
    const link = new BrokerLink({
      address,
      endpoint: this.#endpoint,
      tools: this.#tools,
      onAnswered: () => {
        isUseful = true;
        gate.noteUseful();
        this.#logReturn(broker);
      },
      onClosed: (closed, reason, wasBusy) => {
        this.#alive.delete(closed);
        if (this.#open.get(key) === closed) this.#open.delete(key);
        if (this.#isClosed) return;
        if (!isUseful) gate.noteFailure();
        if (wasBusy) this.#logLoss(broker, reason);
      },
    });
    this.#alive.add(link);
    await link.open();
    this.#open.set(key, link);
    this.#tools.log.debug({ broker }, "kafka_broker_connected");
    return link;
  }

  /** A change of state is logged, not every failed attempt. */
  #logLoss(broker: string, reason: IngestError): void {
    if (this.#logged.get(broker) === reason.message) return;
    this.#logged.set(broker, reason.message);
    this.#tools.log.warn({ broker, ...errorFields(reason) }, "kafka_broker_lost");
  }

  #logReturn(broker: string): void {
    if (this.#logged.size > 0 && this.#logged.delete(broker)) this.#tools.log.info({ broker }, "kafka_broker_back");
  }
}
