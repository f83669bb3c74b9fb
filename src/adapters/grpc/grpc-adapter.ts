import type { CompiledGrpcVenue } from "../../venues/compiled-grpc-venue.ts";
import type { ProtoSchema } from "../../venues/grpc/proto-schema.ts";
import type { Adapter, Session, SessionContext } from "../adapter.ts";
import { TokenStore } from "../token-store.ts";
import type { GrpcTls } from "./grpc-link.ts";
import { GrpcSession } from "./grpc-session.ts";

/** A handshake that takes longer than this has failed, ms. */
const OPEN_LIMIT_MS = 5000;

/** How a gRPC venue is reached. */
export interface GrpcAdapterOptions {
  readonly venue: CompiledGrpcVenue;
  /** host:port. */
  readonly address: string;
  /** What the `.proto` files say; null: the server is asked by reflection at the start of each session. */
  readonly schema: ProtoSchema | null;
  /** Null: no encryption. */
  readonly tls: GrpcTls | null;
  /** Reveals the token as late as possible; null: the feed has none. */
  readonly token: (() => string | null) | null;
  /** Reads the token's file anew, once when the venue says UNAUTHENTICATED; null: it came from no file. */
  readonly rereadToken: (() => Promise<string | null>) | null;
  /** Whether the record holds the venue's message, as base64. */
  readonly rawPayload: "on" | "off";
  readonly openLimitMs?: number;
}

/** Runs sessions over gRPC. What the venue speaks is all in its {@link CompiledGrpcVenue}. */
export class GrpcAdapter implements Adapter {
  readonly transport = "grpc";
  readonly target: string;
  readonly #options: GrpcAdapterOptions;
  readonly #token: TokenStore;

  constructor(options: GrpcAdapterOptions) {
    this.target = options.address;
    this.#options = options;
    this.#token = new TokenStore(options.token ?? noToken, options.rereadToken);
  }

  startSession(context: SessionContext): Session {
    const { venue, schema, tls, rawPayload, openLimitMs } = this.#options;
    return new GrpcSession(context, {
      venue,
      schema,
      target: this.target,
      tls,
      token: this.#token,
      hasRaw: rawPayload === "on",
      openLimitMs: openLimitMs ?? OPEN_LIMIT_MS,
    });
  }
}

function noToken(): null {
  return null;
}
