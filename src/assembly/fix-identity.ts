import type { FixIdentity } from "../adapters/fix/engine/fix-engine.ts";
import type { FixSettings } from "../config/config.ts";
import type { CompiledFixVenue } from "../venues/compiled-fix-venue.ts";

/** Who we are and who the LP is, as the session says it. */
export function fixIdentity(settings: FixSettings, venue: CompiledFixVenue): FixIdentity {
  const { sender, target, senderSub, targetSub } = settings;
  return { beginString: venue.beginString, sender, target, senderSub, targetSub };
}
