import type { MsgView } from "jspurefix/dist/buffer/msg-view.js";
import { AsciiSession } from "jspurefix/dist/transport/ascii/ascii-session.js";
import type { MsgTransport } from "jspurefix/dist/transport/factory/msg-transport.js";
import { SessionState } from "jspurefix/dist/transport/session/session-state.js";
import { MsgType, Tag } from "../../../fix/tags.ts";
import type { EngineConfig } from "./engine-config.ts";

/** What jspurefix's session has found out. */
export interface InitiatorEvents {
  /** The LP's answer to our Logon is good. @param heartbeatS its HeartBtInt (108); NaN when it has none */
  onLoggedOn(heartbeatS: number): void;
  onPeerLogout(text: string): void;
  onResendRequest(): void;
  /** A Reject, or an application message. */
  onApplication(): void;
  /** Something jspurefix ends a session for. */
  onFault(text: string): void;
}

/**
 * jspurefix's session as far as it decides about one message in sequence: its state, the answers to session messages, the
 * checks of a logon. What it does about numbers, time and the connection is done elsewhere (gate, `Pulse`, the adapter), so
 * that it neither sleeps, nor logs, nor ends by itself.
 */
export class InitiatorSession extends AsciiSession {
  readonly #events: InitiatorEvents;

  constructor(config: EngineConfig, events: InitiatorEvents) {
    super(config);
    this.#events = events;
    // No timer of jspurefix's: it would use the wall clock.
    this.heartbeat = false;
    // Nothing we send is worth repeating; each of these holds some 300 KB.
    this.store = null;
    this.resender = null;
  }

  /** Listens to the transport and sends the Logon. */
  start(transport: MsgTransport): void {
    this.transport = transport;
    this.subscribe();
    this.setState(SessionState.InitiationLogonSent);
    this.sendLogon();
  }

  /** Sends nothing any more. */
  detach(): void {
    if (this.transport !== null) this.unsubscribe();
    this.transport = null;
  }

  override send(msgType: string, body: object): void {
    this.transport?.transmitter.send(msgType, body);
  }

  protected override rxOnMsg(msgType: string, view: MsgView): void {
    this.onMsg(msgType, view);
  }

  /** The parser throws as well: the gate counts it, and the session lives. */
  protected override rxOnError(): void {}

  protected override rxOnDecoded(): void {}

  /** The gate has looked at the number. */
  protected override checkSeqNo(): boolean {
    return true;
  }

  /** FIX allows data at any time after the logon, also while an answer is awaited. */
  protected override validStateApplicationMsg(): boolean {
    return true;
  }

  protected override onSessionMsg(msgType: string, view: MsgView): void {
    super.onSessionMsg(msgType, view);
    if (msgType === MsgType.reject) this.#events.onApplication();
  }

  protected override onResendRequest(): void {
    this.#events.onResendRequest();
  }

  protected override peerLogout(view: MsgView): void {
    this.#events.onPeerLogout(view.getString(Tag.text) ?? "");
  }

  protected override terminate(error: Error): void {
    this.#events.onFault(error.message);
  }

  protected override stop(error?: Error | null): void {
    this.#events.onFault(error?.message ?? "Stopped");
  }

  protected override onLogon(): boolean {
    return true;
  }

  protected override onReady(view: MsgView): void {
    this.#events.onLoggedOn(Number(view.getString(Tag.heartBtInt) ?? Number.NaN));
  }

  protected override onApplicationMsg(): void {
    this.#events.onApplication();
  }

  protected override onStopped(): void {}

  protected override onDecoded(): void {}

  protected override onEncoded(): void {}
}
