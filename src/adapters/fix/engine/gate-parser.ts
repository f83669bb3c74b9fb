import { AsciiParser } from "jspurefix/dist/buffer/ascii/ascii-parser.js";
import type { FixFrame } from "../../../fix/fix-frame.ts";
import type { EngineConfig } from "./engine-config.ts";
import { withoutInnerSoh } from "./inner-soh.ts";

/**
 * What stands in jspurefix's parser slot (`DITokens.MsgParser`): bytes of the connection go to the gate, and jspurefix's own
 * parser sees what the gate passes on, one whole message at a time.
 */
export class GateParser extends AsciiParser {
  readonly #gate: { receive(chunk: Uint8Array): void };

  constructor(config: EngineConfig, gate: { receive(chunk: Uint8Array): void }) {
    super(config, null, config.sessionContainer.parseBuffer, config.options.maxMessageBytes);
    this.#gate = gate;
  }

  /** Takes bytes of the connection. */
  receive(chunk: Uint8Array): void {
    this.#gate.receive(chunk);
  }

  /** Has jspurefix read a message, from a clean start; throws what its parser or its session throws. */
  passOn(frame: FixFrame): void {
    const bytes = withoutInnerSoh(frame);
    this.state.beginMessage();
    this.parseBuffer(bytes);
  }
}
