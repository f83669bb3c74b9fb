/** The part of Bun's built-in `ws` module (its native client behind the face of npm's `ws`) that we use. */
declare module "ws" {
  /** Options of the handshake; `test/adapters/websocket` proves that each of them acts. */
  interface ClientOptions {
    readonly perMessageDeflate: boolean;
    readonly maxPayload: number;
    readonly followRedirects: boolean;
    readonly rejectUnauthorized: boolean;
    readonly headers: Readonly<Record<string, string>>;
    /** PEM of the authorities to trust instead of the system's. */
    readonly ca?: string;
  }

  /** The answer of a server that refused the handshake. */
  interface HandshakeAnswer {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
  }

  /** A WebSocket client. */
  export default class WebSocket {
    static readonly OPEN: number;
    readonly readyState: number;
    constructor(url: string, options: ClientOptions);
    on(event: "open", listener: () => void): void;
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void;
    on(event: "ping" | "pong", listener: (payload: Buffer) => void): void;
    on(event: "error", listener: (error: Error & { code?: string }) => void): void;
    on(event: "close", listener: (code: number, reason: Buffer) => void): void;
    on(event: "unexpected-response", listener: (request: unknown, answer: HandshakeAnswer) => void): void;
    send(text: string): void;
    ping(): void;
    close(code: number): void;
    terminate(): void;
    pause(): void;
    resume(): void;
  }
}
