import type { Root } from "protobufjs";
import { IngestError } from "../../domain/ingest-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ProtoSchema } from "../../venues/grpc/proto-schema.ts";
import type { GrpcLibrary } from "./grpc-library.ts";
import { type Protobuf, schemaOf } from "./proto-model.ts";
import { type CallStatus, Status, statusMeaning, venueText } from "./status-meaning.ts";

/** A server that has not told all by then is given up, ms. */
const REFLECTION_LIMIT_MS = 5000;
/** Files, and bytes of them, that one method may need. */
const MAX_FILES = 500;
const MAX_BYTES = 16 * 1024 * 1024;
/** Services an error names. */
const NAMES_SHOWN = 10;

/** The newer name of the service, and the one that older servers have; their messages are the same. */
const SERVICES: readonly string[] = [
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/** What of grpc/reflection/v1/reflection.proto is needed here. */
const REFLECTION_PROTO = `
  syntax = "proto3";
  message Request { oneof ask { string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; } }
  message Response {
    FileAnswer file_descriptor_response = 4; ListAnswer list_services_response = 6; Refusal error_response = 7;
  }
  message FileAnswer { repeated bytes file_descriptor_proto = 1; }
  message ListAnswer { repeated Service service = 1; }
  message Service { string name = 1; }
  message Refusal { int32 error_code = 1; string error_message = 2; }`;

/** What is asked of whom. */
export interface ReflectionOptions {
  readonly grpc: GrpcLibrary;
  readonly channel: InstanceType<GrpcLibrary["Channel"]>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `package.Service/Method`. */
  readonly method: string;
  readonly target: string;
  readonly metadata: () => InstanceType<GrpcLibrary["Metadata"]>;
}

interface Answer {
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] };
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly error_response?: Refusal;
}

interface Refusal {
  readonly error_code: number;
  readonly error_message: string;
}

/** A file as the server describes it. */
interface FileDescriptor {
  readonly name: string;
  readonly dependency: readonly string[];
}

/**
 * Asks a server what a service looks like.
 *
 * @throws IngestError `unsupported` when the server tells nobody, `config_invalid` when it has no such service
 */
export async function reflectSchema(options: ReflectionOptions): Promise<ProtoSchema> {
  const protobuf = (await import("protobufjs")).default;
  const talk = new ReflectionTalk(protobuf, options);
  const service = options.method.split("/")[0];
  try {
    const first = await talk.ask({ file_containing_symbol: service });
    const refusal = first.error_response;
    if (refusal?.error_code) throw await unknownService(talk, service, { target: options.target, refusal });
    const root = await readFiles(talk, protobuf, first);
    return schemaOf(protobuf, root, `the reflection of ${options.target}`);
  } finally {
    talk.end();
  }
}

/** Reads the file of the service and all it imports. */
async function readFiles(talk: ReflectionTalk, protobuf: Protobuf, first: Answer): Promise<Root> {
  const { FileDescriptorProto, FileDescriptorSet } = await import("protobufjs/ext/descriptor");
  const files = new Map<string, FileDescriptor>();
  let bytes = 0;
  const take = (answer: Answer) => {
    for (const file of answer.file_descriptor_response?.file_descriptor_proto ?? []) {
      bytes += file.length;
      if (bytes > MAX_BYTES || files.size >= MAX_FILES) throw talk.error("it describes more than can be taken");
      const descriptor = FileDescriptorProto.decode(file) as unknown as FileDescriptor;
      files.set(descriptor.name, descriptor);
    }
  };
  take(first);
  for (;;) {
    const next = [...files.values()].flatMap(({ dependency }) => dependency).find((name) => !files.has(name));
    if (next === undefined) break;
    take(await talk.ask({ file_by_filename: next }));
    if (!files.has(next)) throw talk.error(`it does not tell of ${venueText(next)}, which it imports`);
  }
  const { fromDescriptor } = protobuf.Root as unknown as { fromDescriptor(set: unknown): Root };
  return fromDescriptor(FileDescriptorSet.create({ file: [...files.values()] }));
}

async function unknownService(
  talk: ReflectionTalk,
  service: string,
  { target, refusal }: { readonly target: string; readonly refusal: Refusal },
): Promise<IngestError> {
  const { list_services_response } = await talk.ask({ list_services: "*" });
  const names = (list_services_response?.service ?? []).map(({ name }) => venueText(name));
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  const said = venueText(refusal.error_message);
  return new IngestError(`Cannot use the service ${service} of ${target}: it says "${said}" and has ${shown}${more}`, {
    code: "config_invalid",
    retry: "never",
  });
}

/** One call of the reflection service: questions and answers in turn. */
class ReflectionTalk {
  readonly #options: ReflectionOptions;
  readonly #request: ReturnType<Root["lookupType"]>;
  readonly #response: ReturnType<Root["lookupType"]>;
  #call: ReturnType<ReflectionOptions["channel"]["createCall"]> | null = null;
  #version = 0;
  #waiting: PromiseWithResolvers<Answer> | null = null;
  #endReason: CallStatus | null = null;

  constructor(protobuf: Protobuf, options: ReflectionOptions) {
    const { root } = protobuf.parse(REFLECTION_PROTO, { keepCase: true });
    this.#options = options;
    this.#request = root.lookupType("Request");
    this.#response = root.lookupType("Response");
  }

  /** The answer to one question; of an older server by the older name. */
  async ask(question: Readonly<Record<string, string>>): Promise<Answer> {
    try {
      return await this.#askOnce(question);
    } catch (error) {
      const isUnknown = this.#endReason?.code === Status.unimplemented && this.#version + 1 < SERVICES.length;
      if (!isUnknown) throw error;
      this.#version++;
      this.#call = null;
      this.#endReason = null;
      return this.#askOnce(question);
    }
  }

  end(): void {
    this.#call?.cancelWithStatus(Status.cancelled, "Cancelled by the client");
    this.#call = null;
  }

  error(what: string): IngestError {
    return new IngestError(`Cannot ask ${this.#options.target} by reflection: ${what}`, {
      code: "unsupported",
      retry: "never",
    });
  }

  async #askOnce(question: Readonly<Record<string, string>>): Promise<Answer> {
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting = waiting;
    const call = this.#call ?? this.#open();
    const { clock, signal } = this.#options;
    const onAbort = () => waiting.reject(this.error("the session was ended"));
    signal.addEventListener("abort", onAbort, { once: true });
    const timer = clock.schedule(REFLECTION_LIMIT_MS, () => {
      waiting.reject(this.error(`no answer within ${REFLECTION_LIMIT_MS} ms`));
    });
    call.sendMessageWithContext({}, Buffer.from(this.#request.encode(this.#request.create(question)).finish()));
    call.startRead();
    try {
      return await waiting.promise;
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
    }
  }

  #open(): ReturnType<ReflectionOptions["channel"]["createCall"]> {
    const { channel, metadata } = this.#options;
    const call = channel.createCall(SERVICES[this.#version], Number.POSITIVE_INFINITY, null, null, undefined);
    this.#call = call;
    call.start(metadata(), {
      onReceiveMetadata: () => {},
      onReceiveMessage: (message: Buffer) => this.#onMessage(message),
      onReceiveStatus: (status) => this.#onStatus(status),
    });
    return call;
  }

  #onMessage(message: Buffer): void {
    try {
      this.#waiting?.resolve(this.#response.decode(message) as unknown as Answer);
    } catch (error) {
      this.#waiting?.reject(this.error(`its answer cannot be read (${(error as Error).message})`));
    }
  }

  #onStatus(status: CallStatus): void {
    this.#endReason = status;
    const { target, clock } = this.#options;
    if (status.code === Status.unimplemented)
      this.#waiting?.reject(this.error("it has no reflection service: name its .proto files"));
    const meaning = statusMeaning(target, status, Math.floor(clock.wallUs() / 1000));
    this.#waiting?.reject(meaning instanceof IngestError ? meaning : this.error("it ended the call"));
  }
}
