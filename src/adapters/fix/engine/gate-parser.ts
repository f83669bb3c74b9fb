import { AsciiParser } from "jspurefix/dist/buffer/ascii/ascii-parser.js";
import type { FixFrame } from "../../../fix/fix-frame.ts";
import type { EngineConfig } from "./engine-config.ts";
import { withoutInnerSoh } from "./inner-soh.ts";
import { messageBuffer } from "./session-parts.ts";

/**
 * What stands in jspurefix's parser slot (`DITokens.MsgParser`): bytes of the connection go to the gate, and jspurefix's own
 * parser sees what the gate passes on, one whole message at a time.
 */
export class GateParser extends AsciiParser {
  readonly #gate: { receive(chunk: Uint8Array): void };

  constructor(config: EngineConfig, gate: { receive(chunk: Uint8Array): void }) {
    const { maxMessageBytes } = config.options;
    super(config, null, messageBuffer(maxMessageBytes), maxMessageBytes);
    this.#gate = gate;
  }

  protected override parse(bytes: Buffer, end: number): void {
    this.#gate.receive(bytes.subarray(0, end));
  }

  /** Has jspurefix read a message, from a clean start; throws what its parser or its session throws. */
  passOn(frame: FixFrame): void {
    const bytes = withoutInnerSoh(frame);
    this.state.beginMessage();
    super.parse(bytes, bytes.length);
  }
}
