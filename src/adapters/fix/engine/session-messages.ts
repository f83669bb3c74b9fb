import {
  ASessionMsgFactory,
  type ISessionDescription,
} from "jspurefix/dist/transport/session/a-session-msg-factory.js";
import { Tag } from "../../../fix/tags.ts";
import type { FixField } from "../../../venues/compiled-fix-venue.ts";
import { FieldsBody } from "./fields-body.ts";
import type { FixEngineOptions } from "./fix-engine.ts";

/** EncryptMethod (98) = none. */
const NO_ENCRYPTION = "0";

/** Makes our session messages: those jspurefix asks for, and headers without what is not said. */
export class SessionMessages extends ASessionMsgFactory {
  readonly #options: FixEngineOptions;
  /** True for the Logon that is written next: 141=Y. */
  #isReset: boolean;

  constructor(description: ISessionDescription, options: FixEngineOptions) {
    super(description);
    this.#options = options;
    this.#isReset = options.isReset;
  }

  /** The LP has set the numbers back in the middle of the session: the Logons from now on say so too. */
  agreeToReset(): void {
    this.#isReset = true;
  }

  override logon(): object {
    const { heartbeatS } = this.#options;
    const fields: FixField[] = [
      [Tag.encryptMethod, NO_ENCRYPTION],
      [Tag.heartBtInt, String(heartbeatS)],
    ];
    if (this.#isReset) fields.push([Tag.resetSeqNumFlag, "Y"]);
    return new FieldsBody((header) => [...fields, ...this.#options.logonFields(header)]);
  }

  override logout(_msgType: string, text: string): object {
    return { Text: text === "" ? null : text };
  }

  /** @param more what a repeated message says besides: PossDupFlag (43), OrigSendingTime (122) */
  override header(msgType: string, sequence: number, sendingTime: unknown, more?: object): object {
    const { identity } = this.#options;
    return {
      BeginString: identity.beginString,
      BodyLength: 0,
      MsgType: msgType,
      SenderCompID: identity.sender,
      TargetCompID: identity.target,
      MsgSeqNum: sequence,
      SenderSubID: identity.senderSub,
      TargetSubID: identity.targetSub,
      SendingTime: sendingTime,
      ...more,
    };
  }
}
