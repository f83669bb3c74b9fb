import { finamDialect } from "./dialects/finam.ts";
import { quotesBookDialect } from "./dialects/quotes-book.ts";
import { quotesUnitsDialect } from "./dialects/quotes-units.ts";
import type { GrpcDialect } from "./grpc-dialect.ts";

const DIALECTS: readonly GrpcDialect[] = [finamDialect, quotesBookDialect, quotesUnitsDialect];

/** Names of the venues of gRPC that can be simulated. */
export const SIMULATED_GRPC_VENUES: readonly string[] = DIALECTS.map(({ venue }) => venue);

/** The dialect of a venue; null when it cannot be simulated. */
export function findGrpcDialect(venue: string): GrpcDialect | null {
  return DIALECTS.find((dialect) => dialect.venue === venue) ?? null;
}
