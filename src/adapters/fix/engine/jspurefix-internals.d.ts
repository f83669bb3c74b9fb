// The parts of jspurefix 5.11.4 (patched, see patches/README.md) that we use, by the modules they lie in: the package's
// entry would load every transport, and its own types every message of every version of FIX. What is overridden although
// jspurefix calls it private is declared `protected` here.

declare module "jspurefix/dist/buffer/elastic-buffer.js" {
  export class ElasticBuffer {
    constructor(size?: number, returnTo?: number);
    getPos(): number;
    writeWholeNumber(value: number): number;
    writeChar(code: number): number;
    writeBuffer(bytes: Buffer): number;
    slice(): Buffer;
    reset(): boolean;
  }
}

declare module "jspurefix/dist/buffer/tag/tags.js" {
  interface TagPos {
    readonly tag: number;
    readonly start: number;
    readonly len: number;
  }

  export class Tags {
    readonly tagPos: readonly TagPos[];
    readonly nextTagPos: number;
  }
}

declare module "jspurefix/dist/buffer/ascii/ascii-parser-state.js" {
  import type { ElasticBuffer } from "jspurefix/dist/buffer/elastic-buffer.js";

  export class AsciiParserState {
    constructor(buffer: ElasticBuffer);
    beginMessage(): void;
  }
}

declare module "jspurefix/dist/buffer/ascii/ascii-segment-parser.js" {
  import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";

  export class AsciiSegmentParser {
    constructor(definitions: FixDefinitions);
  }
}

declare module "jspurefix/dist/buffer/segment/segment-description.js" {
  /** A stretch of the tags of one message, by position: a component, a group, the message. */
  export interface SegmentDescription {
    readonly name: string;
    readonly type: number;
    readonly startPosition: number;
    /** The last one. */
    readonly endPosition: number;
    /** Of a group: where its entries begin. */
    readonly delimiterPositions: readonly number[] | undefined;
  }
}

declare module "jspurefix/dist/buffer/segment/segment-type.js" {
  export const SegmentType: { readonly Group: number };
}

declare module "jspurefix/dist/buffer/msg-view.js" {
  import type { SegmentDescription } from "jspurefix/dist/buffer/segment/segment-description.js";
  import type { Tags } from "jspurefix/dist/buffer/tag/tags.js";

  /** Good for the time of one event: the parser reuses its buffer and its tags. */
  export interface MsgView {
    readonly structure: { readonly tags: Tags; readonly segments: readonly SegmentDescription[] };
    getString(tag: number): string | null;
  }
}

declare module "jspurefix/dist/buffer/ascii/ascii-parser.js" {
  import { EventEmitter } from "node:events";
  import type { AsciiParserState } from "jspurefix/dist/buffer/ascii/ascii-parser-state.js";
  import type { ElasticBuffer } from "jspurefix/dist/buffer/elastic-buffer.js";
  import type { ParserConfig } from "jspurefix/dist/config/js-fix-config.js";

  export class AsciiParser extends EventEmitter {
    constructor(config: ParserConfig, readStream: null, buffer: ElasticBuffer, maxMessageLen: number);
    readonly state: AsciiParserState;
    /** Emits `msg` (type, view) for each message. Throws on what is none. */
    parseBuffer(bytes: Buffer): void;
  }
}

declare module "jspurefix/dist/buffer/ascii/ascii-encoder.js" {
  /** Writes an object by its dictionary, in the dictionary's order. */
  export class AsciiEncoder {
    /** Where `35=` starts in the buffer, after a header was encoded. */
    readonly msgTypePos: number;
    reset(): void;
    encode(fields: object, set: string): void;
  }
}

declare module "jspurefix/dist/config/js-fix-config.js" {
  import type { EmptyLogFactory } from "jspurefix/dist/config/empty-log-factory.js";
  import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";
  import type { IFixSessionStore } from "jspurefix/dist/store/fix-session-store.js";
  import type {
    ASessionMsgFactory,
    ISessionDescription,
  } from "jspurefix/dist/transport/session/a-session-msg-factory.js";

  /** The little of a dependency container that jspurefix uses of it. */
  export interface SessionContainer {
    resolve(token: unknown): unknown;
    registerInstance(token: unknown, instance: unknown): unknown;
  }

  /** What a parser wants of the settings. */
  export interface ParserConfig {
    readonly definitions: FixDefinitions;
    readonly delimiter: number;
    /** Stands for the delimiter in buffers until a message is done. */
    readonly logDelimiter: number;
    readonly sessionContainer: SessionContainer;
  }

  export interface IJsFixConfig extends ParserConfig {
    readonly factory: ASessionMsgFactory;
    readonly description: ISessionDescription;
    readonly logFactory: EmptyLogFactory;
    readonly sessionStoreFactory: { create(): IFixSessionStore };
  }
}

declare module "jspurefix/dist/config/empty-log-factory.js" {
  export class EmptyLogFactory {}
}

declare module "jspurefix/dist/runtime/di-tokens.js" {
  export const DITokens: {
    readonly MsgParser: string;
    readonly MsgTransmitter: string;
    readonly TransmitBuffer: string;
  };
}

declare module "jspurefix/dist/store/fix-session-store.js" {
  export interface IFixSessionStore {
    readonly senderSeqNum: number;
    readonly targetSeqNum: number;
    setSenderSeqNum(value: number): Promise<void>;
    setTargetSeqNum(value: number): Promise<void>;
    reset(): Promise<void>;
  }
}

declare module "jspurefix/dist/transport/session/a-session-msg-factory.js" {
  export interface ISessionDescription {
    readonly application: { readonly name: string; readonly type: "initiator"; readonly protocol: "ascii" };
    readonly BeginString: string;
    readonly SenderCompId: string;
    readonly TargetCompID: string;
    readonly HeartBtInt: number;
    readonly LastSentSeqNum: number;
    readonly ResetSeqNumFlag: boolean;
  }

  /** Makes the bodies of session messages, by the names of the dictionary. */
  export abstract class ASessionMsgFactory {
    protected constructor(description: ISessionDescription);
    abstract logon(): object;
    abstract logout(msgType: string, text: string): object;
    abstract header(msgType: string, sequence: number, time: unknown, more?: object): object;
    reject(msgType: string, sequence: number, text: string, reason: number): object;
    testRequest(testReqId: string): object;
    heartbeat(testReqId: string): object;
    resendRequest(from: number, to: number): object;
    sequenceReset(newSequence: number, isGapFill: boolean): object;
  }
}

declare module "jspurefix/dist/transport/ascii/ascii-msg-transmitter.js" {
  import { EventEmitter } from "node:events";
  import type { AsciiEncoder } from "jspurefix/dist/buffer/ascii/ascii-encoder.js";
  import type { ElasticBuffer } from "jspurefix/dist/buffer/elastic-buffer.js";
  import type { IJsFixConfig } from "jspurefix/dist/config/js-fix-config.js";

  export class AsciiMsgTransmitter extends EventEmitter {
    constructor(config: IJsFixConfig);
    readonly config: IJsFixConfig;
    readonly buffer: ElasticBuffer;
    readonly encoder: AsciiEncoder;
    /** Number of the next message. */
    get msgSeqNum(): number;
    set msgSeqNum(value: number);
    send(msgType: string, body: object): void;
  }
}

declare module "jspurefix/dist/transport/duplex/fix-duplex.js" {
  export abstract class FixDuplex {
    abstract end(): void;
  }
}

declare module "jspurefix/dist/transport/factory/msg-transport.js" {
  import type { AsciiParser } from "jspurefix/dist/buffer/ascii/ascii-parser.js";
  import type { IJsFixConfig } from "jspurefix/dist/config/js-fix-config.js";
  import type { AsciiMsgTransmitter } from "jspurefix/dist/transport/ascii/ascii-msg-transmitter.js";
  import type { FixDuplex } from "jspurefix/dist/transport/duplex/fix-duplex.js";

  /** Takes transmitter and parser out of the session's container. */
  export class MsgTransport {
    constructor(id: number, config: IJsFixConfig, duplex: FixDuplex);
    readonly transmitter: AsciiMsgTransmitter;
    readonly receiver: AsciiParser;
    end(): void;
  }
}

declare module "jspurefix/dist/transport/session/session-state.js" {
  export const SessionState: { readonly InitiationLogonSent: number };
}

declare module "jspurefix/dist/transport/ascii/ascii-session.js" {
  import type { MsgView } from "jspurefix/dist/buffer/msg-view.js";
  import type { IJsFixConfig } from "jspurefix/dist/config/js-fix-config.js";
  import type { MsgTransport } from "jspurefix/dist/transport/factory/msg-transport.js";

  /** The state machine of a session: what to do about each message. */
  export abstract class AsciiSession {
    protected constructor(config: IJsFixConfig);
    readonly config: IJsFixConfig;
    /** False: no timer is started. */
    heartbeat: boolean;
    protected transport: MsgTransport | null;
    /** What was sent, for answers to a ResendRequest. */
    protected store: object | null;
    protected resender: object | null;
    protected requestLogonType: string;
    protected subscribe(): void;
    protected unsubscribe(): void;
    sendLogon(): void;
    setState(state: number): void;
    protected send(msgType: string, body: object): void;
    protected stop(error?: Error | null): void;
    protected terminate(error: Error): void;
    protected rxOnMsg(msgType: string, view: MsgView): void;
    protected rxOnError(error: Error): void;
    protected rxOnDecoded(): void;
    protected onMsg(msgType: string, view: MsgView): void;
    protected checkSeqNo(msgType: string, view: MsgView): boolean;
    protected validStateApplicationMsg(): boolean;
    protected onSessionMsg(msgType: string, view: MsgView): void;
    protected onResendRequest(view: MsgView): void;
    protected peerLogout(view: MsgView): void;
    protected abstract onLogon(view: MsgView, user: string, password: string): boolean;
    protected abstract onReady(view: MsgView): void;
    protected abstract onApplicationMsg(msgType: string, view: MsgView): void;
    protected abstract onStopped(error?: Error): void;
    protected abstract onDecoded(msgType: string, text: string): void;
    protected abstract onEncoded(msgType: string, text: string): void;
  }
}

declare module "jspurefix/dist/dictionary/contained/contained-set.js" {
  import type { SimpleFieldDefinition } from "jspurefix/dist/dictionary/definition/simple-field-definition.js";

  /** A message, component or group as the dictionary declares it. */
  export interface IContainedSet {
    readonly name: string;
    /** Every tag in it, groups and components included. */
    readonly containedTag: Readonly<Record<number, unknown>>;
    readonly groups: ReadonlyMap<string, IContainedSet>;
    readonly components: ReadonlyMap<string, IContainedSet>;
    /** Of a group: the field with the number of entries. */
    readonly noOfField?: SimpleFieldDefinition;
  }
}

declare module "jspurefix/dist/dictionary/definition/simple-field-definition.js" {
  export interface SimpleFieldDefinition {
    readonly tag: number;
    readonly name: string;
    /** As the dictionary says it: `UTCTIMESTAMP`. */
    readonly type: string;
    /** By value; null when the field has none. */
    readonly enums: ReadonlyMap<
      string,
      { readonly key: string; readonly val: string; readonly description: string }
    > | null;
  }
}

declare module "jspurefix/dist/dictionary/definition/fix-definitions.js" {
  import type { IContainedSet } from "jspurefix/dist/dictionary/contained/contained-set.js";
  import type { SimpleFieldDefinition } from "jspurefix/dist/dictionary/definition/simple-field-definition.js";

  export interface FixDefinitions {
    /** By name and by type. */
    readonly message: ReadonlyMap<string, IContainedSet & { readonly msgType: string }>;
    readonly tagToSimple: Readonly<Record<number, SimpleFieldDefinition>>;
  }
}

declare module "jspurefix/dist/dictionary/parser/quickfix/quick-fix-graph-parser.js" {
  import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";

  export const QuickFixGraphParser: {
    /** Checks and reads a dictionary in the QuickFIX XML form; throws on the first fault, or with all that it checks for. */
    parse(xml: string): FixDefinitions;
  };
}
