import { ElasticBuffer } from "jspurefix/dist/buffer/elastic-buffer.js";
import { EmptyLogFactory } from "jspurefix/dist/config/empty-log-factory.js";
import type { IJsFixConfig } from "jspurefix/dist/config/js-fix-config.js";
import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";
import { DITokens } from "jspurefix/dist/runtime/di-tokens.js";
import type { ISessionDescription } from "jspurefix/dist/transport/session/a-session-msg-factory.js";
import type { FixEngineOptions } from "./fix-engine.ts";
import { NumbersStore } from "./numbers-store.ts";
import { SessionMessages } from "./session-messages.ts";
import { SessionParts } from "./session-parts.ts";

const SOH = 1;
/** Room for one message of ours at first, bytes. */
const SEND_BUFFER_BYTES = 4096;

/** What jspurefix and its parts of ours need to know of one session. */
export interface EngineConfig extends IJsFixConfig {
  readonly factory: SessionMessages;
  readonly sessionContainer: SessionParts;
  readonly options: FixEngineOptions;
}

/** The settings of one session in jspurefix's words. It logs nothing: messages hold secrets. */
export function createEngineConfig(options: FixEngineOptions, definitions: FixDefinitions): EngineConfig {
  const description = describe(options);
  const parts = new SessionParts(definitions, options.maxMessageBytes);
  parts.register(DITokens.TransmitBuffer, () => new ElasticBuffer(SEND_BUFFER_BYTES));
  return {
    options,
    definitions,
    description,
    factory: new SessionMessages(description, options),
    // Alike, so that nothing has to be swapped: RawData (96) may hold any byte.
    delimiter: SOH,
    logDelimiter: SOH,
    logFactory: new EmptyLogFactory(),
    sessionContainer: parts,
    sessionStoreFactory: { create: () => new NumbersStore(options.numbers) },
  };
}

function describe(options: FixEngineOptions): ISessionDescription {
  const { identity, numbers } = options;
  return {
    application: { name: "fix", type: "initiator", protocol: "ascii" },
    BeginString: identity.beginString,
    SenderCompId: identity.sender,
    TargetCompID: identity.target,
    HeartBtInt: options.heartbeatS,
    LastSentSeqNum: numbers.nextOutgoing - 1,
    ResetSeqNumFlag: options.isReset,
  };
}
