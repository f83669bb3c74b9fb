import type { Log } from "../../domain/log.ts";

/** Longest text taken over from the library, characters. */
const MESSAGE_MAX_CHARS = 300;

/**
 * The logger kafkajs's connection wants. Its own messages go to `debug`: what matters is logged by us, once, when the
 * state changes. Its extra fields are dropped, as some of them hold payloads, and payloads hold secrets (SASL).
 */
export function createKafkajsLogger(log: Log, broker: string): KafkajsLogger {
  function write(message: string): void {
    log.debug({ broker, detail: String(message).slice(0, MESSAGE_MAX_CHARS) }, "kafka_library");
  }
  const logger: KafkajsLogger = {
    namespace: () => logger,
    // Two lines for every request: nobody reads them, and building them is not free.
    debug: () => {},
    info: write,
    warn: write,
    error: write,
  };
  return logger;
}
