import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { loadProtoFiles } from "../../src/adapters/grpc/load-proto-files.ts";
import type { CompiledGrpcVenue } from "../../src/venues/compiled-grpc-venue.ts";
import { compileGrpcVenue, type GrpcVenueOptions } from "../../src/venues/grpc/compile-grpc-venue.ts";
import { grpcProfileSchema } from "../../src/venues/grpc/grpc-profile-schema.ts";
import type { ProtoSchema } from "../../src/venues/grpc/proto-schema.ts";

/** The plainest quote streams there can be, of both kinds. */
export const PLAIN_PROTO = `
syntax = "proto3";
package plain;
service Quotes {
  rpc Watch(Request) returns (stream Event);
  rpc Talk(stream Request) returns (stream Event);
  rpc Once(Request) returns (Event);
}
message Request { repeated string symbols = 1; repeated string leave = 2; }
message Event { oneof what { Quote quote = 1; Answer answer = 2; bool heartbeat = 3; string failure = 4; string leave = 5; } }
message Quote { string symbol = 1; string bid = 2; string ask = 3; }
message Answer { string symbol = 1; string refusal = 2; }
`;

/** A call of either kind, as the server has it. */
export type PlainCall = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** What a request says. */
export interface PlainRequest {
  readonly symbols: readonly string[];
  readonly leave: readonly string[];
}

const { root } = protobuf.parse(PLAIN_PROTO, { keepCase: true });
const REQUEST = root.lookupType("plain.Request");
const EVENT = root.lookupType("plain.Event");

/** The bytes of an event. */
export function plainEvent(event: object): Buffer {
  return Buffer.from(EVENT.encode(EVENT.fromObject(event)).finish());
}

/** The services as the compiler takes them. */
export function loadPlainSchema(): Promise<ProtoSchema> {
  const embedded = new Map([["plain.proto", PLAIN_PROTO]]);
  return loadProtoFiles({ paths: ["plain.proto"], includes: [], embedded, readText: () => null });
}

/** The venue of plain words; `changes` are laid over its profile. */
export function createPlainVenue(
  kind: "server" | "bidirectional",
  changes: object = {},
  options: GrpcVenueOptions = {},
): CompiledGrpcVenue {
  const isTalk = kind === "bidirectional";
  const profile = grpcProfileSchema.parse({
    transport: "grpc",
    name: "plain",
    description: "Plain words",
    tls: "optional",
    proto: ["plain.proto"],
    method: isTalk ? "plain.Quotes/Talk" : "plain.Quotes/Watch",
    symbols: { default: ["A"] },
    subscribe: { symbols: "{symbols}" },
    ...(isTalk ? { unsubscribe: { leave: "{symbols}" }, ackTimeoutMs: 5000 } : {}),
    messages: [
      {
        kind: "quote",
        when: { quote: { is: "present" } },
        quote: {
          symbol: "quote.symbol",
          bid: { price: "quote.bid" },
          ask: { price: "quote.ask" },
          zeroPriceIsEmpty: false,
        },
      },
      {
        kind: "ack",
        when: { answer: { is: "present" } },
        symbol: "answer.symbol",
        success: { "answer.refusal": "" },
        reason: ["answer.refusal"],
      },
      { kind: "heartbeat", when: { heartbeat: true } },
      { kind: "reconnect", when: { leave: { is: "present" } }, reason: ["leave"] },
      { kind: "refusal", when: { failure: { is: "present" } }, reason: ["failure"] },
    ],
    ...changes,
  });
  return compileGrpcVenue(profile, options);
}

/** A gRPC server (grpc-js) whose calls a test answers. */
export class PlainGrpcServer {
  readonly port: number;
  readonly calls = new Set<PlainCall>();
  /** Called for every request of every call. */
  onRequest: (call: PlainCall, request: PlainRequest) => void = () => {};
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Resolves with a server that listens. */
  static async start(credentials = ServerCredentials.createInsecure()): Promise<PlainGrpcServer> {
    const server = new Server();
    let started: PlainGrpcServer | null = null;
    const codec = { serialize: (bytes: Buffer) => bytes, deserialize: (bytes: Buffer) => bytes };
    const method = (name: string, requestStream: boolean) => ({
      path: `/plain.Quotes/${name}`,
      requestStream,
      responseStream: true,
      requestSerialize: codec.serialize,
      requestDeserialize: codec.deserialize,
      responseSerialize: codec.serialize,
      responseDeserialize: codec.deserialize,
    });
    server.addService(
      { Watch: method("Watch", false), Talk: method("Talk", true) },
      {
        Watch: (call: ServerWritableStream<Buffer, Buffer>) => {
          started?.open(call);
          started?.request(call, call.request);
        },
        Talk: (call: ServerDuplexStream<Buffer, Buffer>) => {
          started?.open(call);
          call.on("data", (message: Buffer) => started?.request(call, message));
          call.on("end", () => call.end());
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    started = new PlainGrpcServer(server, port);
    return started;
  }

  /** Takes a call. */
  open(call: PlainCall): void {
    this.calls.add(call);
    call.on("cancelled", () => this.calls.delete(call));
    call.on("close", () => this.calls.delete(call));
    call.on("error", () => this.calls.delete(call));
  }

  /** Takes a request. */
  request(call: PlainCall, message: Buffer): void {
    const decoded = REQUEST.toObject(REQUEST.decode(message), { arrays: true }) as PlainRequest;
    this.onRequest(call, decoded);
  }

  /** Ends everything at once. */
  stop(): void {
    this.#server.forceShutdown();
  }
}
