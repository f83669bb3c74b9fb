import type { Server, ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import type { GrpcDialect } from "./grpc-dialect.ts";

/** A call of either kind. */
export type VenueCall = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** PEM texts of a venue with TLS. */
export interface GrpcTlsFiles {
  readonly key: string;
  readonly cert: string;
  /** Authorities of client certificates; with it a client without one is refused. */
  readonly clientCa?: string;
}

/** What a server tells. */
export interface VenueCallListener {
  onCall(call: VenueCall): void;
  onMessage(call: VenueCall, message: Buffer): void;
  onEnd(call: VenueCall): void;
}

/** The library's server with the one method of a dialect, messages as bytes. */
export class GrpcVenueServer {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Resolves with a server that listens on a free port of 127.0.0.1. */
  static async start(
    dialect: GrpcDialect,
    tls: GrpcTlsFiles | undefined,
    listener: VenueCallListener,
  ): Promise<GrpcVenueServer> {
    const grpc = await import("@grpc/grpc-js");
    grpc.setLogVerbosity(grpc.logVerbosity.NONE);
    const server = new grpc.Server({ "grpc.max_concurrent_streams": 1000 });
    const isConversation = dialect.streaming === "bidirectional";
    const method = {
      path: dialect.path,
      requestStream: isConversation,
      responseStream: true,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    };
    server.addService({ method }, { method: (call: VenueCall) => open(call, listener) });
    const credentials =
      tls === undefined
        ? grpc.ServerCredentials.createInsecure()
        : grpc.ServerCredentials.createSsl(
            tls.clientCa === undefined ? null : Buffer.from(tls.clientCa),
            [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }],
            tls.clientCa !== undefined,
          );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    return new GrpcVenueServer(server, port);
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}

function open(call: VenueCall, listener: VenueCallListener): void {
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    listener.onEnd(call);
  };
  call.on("cancelled", end);
  call.on("close", end);
  call.on("error", end);
  listener.onCall(call);
  if (!("request" in call) || !Buffer.isBuffer(call.request)) {
    const conversation = call as ServerDuplexStream<Buffer, Buffer>;
    conversation.on("data", (message: Buffer) => listener.onMessage(call, message));
    conversation.on("end", () => {
      end();
      conversation.end();
    });
  } else listener.onMessage(call, call.request);
}
