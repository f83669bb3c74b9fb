// The parts of kafkajs 2.2.4 (patched, see patches/README.md) that we use: its connection, its request queue, its SASL
// and its request codecs. They are not in the package's own types, so they are declared here, as far as they are used.

/** kafkajs's `Encoder`: all it must show to `createRequest` is the bytes so far. */
interface KafkajsEncoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
  size(): number;
}

interface KafkajsRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  encode(): Promise<KafkajsEncoded>;
}

interface KafkajsResponse<Decoded, Parsed> {
  decode(payload: Buffer): Promise<Decoded>;
  parse(decoded: Decoded): Promise<Parsed>;
}

interface KafkajsExchange<Decoded, Parsed> {
  readonly request: KafkajsRequest;
  readonly response: KafkajsResponse<Decoded, Parsed>;
  readonly requestTimeout?: number;
  readonly logResponseError?: boolean;
}

/** By API key. */
type KafkajsVersions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;

interface KafkajsLogger {
  namespace(name: string): KafkajsLogger;
  debug(message: string, extra?: object): void;
  info(message: string, extra?: object): void;
  warn(message: string, extra?: object): void;
  error(message: string, extra?: object): void;
}

/** One version of one API: makes the exchange from its arguments. */
type KafkajsProtocol<Arguments, Decoded> = (values: Arguments) => KafkajsExchange<Decoded, Decoded>;

interface KafkajsApi<Arguments, Decoded> {
  /** Versions this client can write, as decimal text. */
  readonly versions: readonly string[];
  protocol(choice: { version: number }): KafkajsProtocol<Arguments, Decoded>;
}

declare module "kafkajs/src/network/connection.js" {
  interface ConnectionOptions {
    readonly host: string;
    readonly port: number;
    readonly clientId: string;
    readonly logger: KafkajsLogger;
    socketFactory(target: { host: string; port: number; onConnect: () => void }): import("node:net").Socket;
    readonly sasl: { mechanism: string; username: string; password: string } | null;
    readonly requestTimeout: number;
    readonly connectionTimeout: number;
    readonly enforceRequestTimeout: boolean;
    readonly maxInFlightRequests: number | null;
  }

  export default class Connection {
    constructor(options: ConnectionOptions);
    readonly requestQueue: { rejectAll(error: Error): void; destroy(): void };
    connectionStatus: "connected" | "disconnecting" | "disconnected";
    connect(): Promise<unknown>;
    authenticate(): Promise<void>;
    setVersions(versions: KafkajsVersions): void;
    setSupportAuthenticationProtocol(isSupported: boolean): void;
    send<Decoded, Parsed>(exchange: KafkajsExchange<Decoded, Parsed>): Promise<Parsed>;
  }
}

declare module "kafkajs/src/protocol/requests/index.js" {
  interface MetadataAnswer {
    readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
    readonly controllerId: number;
    readonly topicMetadata: readonly {
      readonly topicErrorCode: number;
      readonly topic: string;
      readonly partitionMetadata: readonly {
        readonly partitionErrorCode: number;
        readonly partitionId: number;
        readonly leader: number;
        readonly replicas: readonly number[];
      }[];
    }[];
  }

  interface CreateTopicsArguments {
    readonly topics: readonly {
      readonly topic: string;
      readonly numPartitions: number;
      readonly replicationFactor: number;
      readonly configEntries: readonly { readonly name: string; readonly value: string }[];
    }[];
    readonly validateOnly: boolean;
    readonly timeout: number;
  }

  interface CreateTopicsAnswer {
    readonly topicErrors: readonly {
      readonly topic: string;
      readonly errorCode: number;
      readonly errorMessage?: string | null;
    }[];
  }

  interface DescribeConfigsAnswer {
    readonly resources: readonly {
      readonly errorCode: number;
      readonly resourceName: string;
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
    }[];
  }

  interface Requests {
    readonly ApiVersions: KafkajsApi<
      undefined,
      {
        readonly apiVersions: readonly {
          readonly apiKey: number;
          readonly minVersion: number;
          readonly maxVersion: number;
        }[];
      }
    >;
    readonly Metadata: KafkajsApi<
      { readonly topics: readonly string[]; readonly allowAutoTopicCreation: boolean },
      MetadataAnswer
    >;
    readonly InitProducerId: KafkajsApi<
      { readonly transactionalId: string | null; readonly transactionTimeout: number },
      { readonly errorCode: number; readonly producerId: string; readonly producerEpoch: number }
    >;
    readonly CreateTopics: KafkajsApi<CreateTopicsArguments, CreateTopicsAnswer>;
    readonly DescribeConfigs: KafkajsApi<
      {
        readonly resources: readonly {
          readonly type: number;
          readonly name: string;
          readonly configNames: readonly string[];
        }[];
        readonly includeSynonyms: boolean;
      },
      DescribeConfigsAnswer
    >;
  }

  export const requests: Requests;
}

declare module "kafkajs/src/protocol/requests/apiKeys.js" {
  const apiKeys: {
    readonly Produce: 0;
    readonly Metadata: 3;
    readonly ApiVersions: 18;
    readonly CreateTopics: 19;
    readonly InitProducerId: 22;
    readonly DescribeConfigs: 32;
  };
  export default apiKeys;
}

declare module "kafkajs/src/protocol/error.js" {
  /** Codes 1 to 88; Kafka has more by now. */
  export const errorCodes: readonly { readonly type: string; readonly code: number }[];
}
