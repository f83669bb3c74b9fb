import type { CompiledRestVenue } from "../../venues/compiled-rest-venue.ts";
import type { TokenStore } from "../token-store.ts";
import { secretError } from "./poll-errors.ts";

/** What fits into a header: visible ASCII. */
const TOKEN = /^[\x21-\x7e]+$/;

/** What belongs to the feed alone. */
export interface PollSecrets {
  /** What the profile's `{account}` stands for; null: none. */
  readonly account: string | null;
  /** What the profile's `{token}` stands for. */
  readonly token: TokenStore;
}

/**
 * What the profile's templates need, as it is now; null for what they do not.
 *
 * @throws IngestError `config_invalid` when one of them is missing or is not fit for a request
 */
export function revealSecrets(
  venue: CompiledRestVenue,
  secrets: PollSecrets,
): { account: string | null; token: string | null } {
  const account = venue.needsAccount ? secrets.account : null;
  const token = venue.needsToken ? secrets.token.reveal() : null;
  if (venue.needsAccount && !account) throw secretError(venue.target, "account", "is not set");
  if (venue.needsToken && !token) throw secretError(venue.target, "token", "is not set");
  if (token !== null && !TOKEN.test(token)) {
    throw secretError(venue.target, "token", "has characters that cannot stand in a header");
  }
  return { account, token };
}
