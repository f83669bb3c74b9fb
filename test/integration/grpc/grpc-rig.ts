import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionEnd } from "../../../src/adapters/adapter.ts";
import { GrpcAdapter, type GrpcAdapterOptions } from "../../../src/adapters/grpc/grpc-adapter.ts";
import { loadProtoFiles } from "../../../src/adapters/grpc/load-proto-files.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import { compileGrpcVenue, type GrpcVenueOptions } from "../../../src/venues/grpc/compile-grpc-venue.ts";
import { EMBEDDED_PROTOS } from "../../../src/venues/grpc/embedded-protos.ts";
import { type GrpcProfile, grpcProfileSchema } from "../../../src/venues/grpc/grpc-profile-schema.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../../harness/recorders.ts";
import { waitUntil } from "../../harness/wait-until.ts";

const PROFILE_FILE = join(import.meta.dir, "../../../config/venues/finam.json");
const SCHEMA = await loadProtoFiles({
  paths: ["finam-quotes.proto"],
  includes: [],
  embedded: EMBEDDED_PROTOS,
  readText: () => null,
});

/** What a rig is made of beside its peer's port. */
export interface GrpcRigOptions {
  readonly port: number;
  readonly host?: string;
  readonly symbols?: readonly string[];
  readonly profile?: Partial<GrpcProfile>;
  readonly venue?: GrpcVenueOptions;
  readonly adapter?: Partial<GrpcAdapterOptions>;
}

/** The profile `finam`, which a peer without a token is spoken to by. */
function loadProfile(changes: Partial<GrpcProfile>): GrpcProfile {
  const profile = grpcProfileSchema.parse(JSON.parse(readFileSync(PROFILE_FILE, "utf8")));
  return { ...profile, metadata: {}, ...changes };
}

/** Our adapter, pointed at a peer. */
export function createPeerAdapter({
  port,
  host = "127.0.0.1",
  profile = {},
  venue,
  adapter,
}: GrpcRigOptions): GrpcAdapter {
  return new GrpcAdapter({
    venue: compileGrpcVenue(loadProfile(profile), venue),
    address: `${host}:${port}`,
    schema: SCHEMA,
    tls: null,
    token: null,
    rereadToken: null,
    rawPayload: "off",
    ...adapter,
  });
}

/** One session of our adapter against a peer of another maker. */
export class GrpcRig {
  readonly clock = new CountingClock();
  readonly quotes = new RecordingQuotes(100_000);
  readonly monitor = new RecordingMonitor();
  readonly pressure = new ManualPressure();
  readonly controller = new AbortController();
  readonly instruments: readonly Instrument[];
  readonly adapter: GrpcAdapter;
  end: SessionEnd | IngestError | null = null;

  constructor(options: GrpcRigOptions) {
    const symbols = options.symbols ?? ["SBER@MISX"];
    this.instruments = symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "finam", symbol }));
    this.adapter = createPeerAdapter(options);
    this.start();
  }

  /** Starts a session; the first is started already. */
  start(): void {
    this.end = null;
    const { ended } = this.adapter.startSession({
      signal: this.controller.signal,
      epoch: 1,
      instruments: this.instruments,
      quotes: this.quotes,
      monitor: this.monitor,
      backpressure: this.pressure,
      clock: this.clock,
    });
    const keep = (end: SessionEnd | IngestError) => {
      this.end = end;
    };
    ended.then(keep, keep);
  }

  async hasQuotes(count: number, limitMs = 10_000): Promise<void> {
    await waitUntil(() => this.quotes.count >= count, {
      limitMs,
      what: `${count} quotes`,
      progress: () => this.quotes.count,
    });
  }

  /** Resolves with how the session ended; rejects when it does not and no quote comes either. */
  async isOver(limitMs = 10_000): Promise<SessionEnd | IngestError> {
    await waitUntil(() => this.end !== null, {
      limitMs,
      what: "the end of the session",
      progress: () => this.quotes.count,
    });
    return this.end as SessionEnd | IngestError;
  }

  async stop(): Promise<void> {
    this.controller.abort();
    await this.isOver();
  }
}
