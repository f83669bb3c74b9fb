/**
 * Why nothing, or not everything, can be written now: kept by scope, so that what is put right in one place does not
 * hide what is wrong in another. Empty when all is well.
 */
export class WriteTroubles {
  /** No broker at all answers, or it gives no producer id. */
  cluster = "";
  /** By address of the leader. */
  readonly #byLeader = new Map<string, string>();
  readonly #byTopic = new Map<string, string>();

  /** One text; the widest scope first. */
  get text(): string {
    if (this.cluster !== "") return this.cluster;
    for (const text of this.#byLeader.values()) return text;
    for (const text of this.#byTopic.values()) return text;
    return "";
  }

  /** A leader cannot be spoken to. */
  noteLeader(address: string, text: string): void {
    this.#byLeader.set(address, text);
  }

  /** A topic cannot be written to. */
  noteTopic(topic: string, text: string): void {
    this.#byTopic.set(topic, text);
  }

  /** A leader has answered. */
  clearLeader(address: string): void {
    if (this.#byLeader.size > 0) this.#byLeader.delete(address);
  }

  /** A topic was written to, or is known to exist. */
  clearTopic(topic: string): void {
    if (this.#byTopic.size > 0) this.#byTopic.delete(topic);
  }

  /** Forgets brokers that lead nothing of ours any more: nothing would be sent there to clear them. */
  keepLeaders(addresses: ReadonlySet<string>): void {
    for (const address of this.#byLeader.keys()) if (!addresses.has(address)) this.#byLeader.delete(address);
  }
}
