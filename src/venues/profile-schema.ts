import { z } from "zod";
import { type FixProfile, fixProfileSchema } from "./fix-profile-schema.ts";
import { type GrpcProfile, grpcProfileSchema } from "./grpc/grpc-profile-schema.ts";
import { type RestProfile, restProfileSchema } from "./rest/rest-profile-schema.ts";
import { type WebSocketProfile, webSocketProfileSchema } from "./websocket-profile-schema.ts";

/** The shape of a venue profile; `transport` says which it is. */
export const venueProfileSchema = z.discriminatedUnion(
  "transport",
  [webSocketProfileSchema, fixProfileSchema, restProfileSchema, grpcProfileSchema],
  { error: (issue) => (issue.code === "invalid_union" ? "Must be websocket, fix, rest or grpc" : undefined) },
);

/** A profile that has been read and checked, defaults filled in. */
export type VenueProfile = WebSocketProfile | FixProfile | RestProfile | GrpcProfile;

/** How a venue is reached. */
export type VenueTransport = VenueProfile["transport"];

/** The profiles of one transport. */
export type ProfileOf<T extends VenueTransport> = Extract<VenueProfile, { transport: T }>;

/** The text of `config/venue-profile.schema.json`: the JSON Schema of a profile, for editors. */
export function renderVenueProfileSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(venueProfileSchema, { io: "input" }), null, 2)}\n`;
}
