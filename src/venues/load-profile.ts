import type { z } from "zod";
import { IngestError } from "../domain/ingest-error.ts";
import { findFixProfileProblems } from "./fix-profile-checks.ts";
import { findGrpcProfileProblems } from "./grpc/grpc-profile-checks.ts";
import { findProfileProblems } from "./profile-checks.ts";
import { type ProfileOf, type VenueProfile, type VenueTransport, venueProfileSchema } from "./profile-schema.ts";
import { findRestProfileProblems } from "./rest/rest-profile-checks.ts";

/**
 * Reads a profile of one transport from the text of its file and checks it.
 * @param origin where the text comes from, for the error
 * @throws IngestError `config_invalid` that names every problem with its path
 */
export function loadProfile<T extends VenueTransport>(text: string, origin: string, transport: T): ProfileOf<T> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw badProfile(origin, [`is no JSON: ${(error as SyntaxError).message}`]);
  }
  const profile = checkProfile(content, origin);
  if (isOfTransport(profile, transport)) return profile;
  throw badProfile(origin, [`transport: is ${profile.transport}, and the feed is one over ${transport}`]);
}

/** Narrows a profile to one transport. */
export function isOfTransport<T extends VenueTransport>(profile: VenueProfile, transport: T): profile is ProfileOf<T> {
  return profile.transport === transport;
}

/**
 * Checks the content of a profile.
 * @throws IngestError `config_invalid` that names every problem with its path
 */
export function checkProfile(content: unknown, origin: string): VenueProfile {
  const parsed = venueProfileSchema.safeParse(content);
  if (!parsed.success) throw badProfile(origin, parsed.error.issues.flatMap(describeIssue));
  const profile = parsed.data;
  const problems = findMeaningProblems(profile);
  if (problems.length > 0) throw badProfile(origin, problems);
  return profile;
}

/** What does not fit together in a profile whose shape is right. */
function findMeaningProblems(profile: VenueProfile): string[] {
  switch (profile.transport) {
    case "websocket":
      return findProfileProblems(profile);
    case "fix":
      return findFixProfileProblems(profile);
    case "rest":
      return findRestProfileProblems(profile);
    case "grpc":
      return findGrpcProfileProblems(profile);
  }
}

function badProfile(origin: string, problems: readonly string[]): IngestError {
  return new IngestError(`Cannot use the venue profile ${origin}: ${problems.join("; ")}`, {
    code: "config_invalid",
    retry: "never",
    context: { origin, problems: problems.length },
  });
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${[...issue.path, key].join(".")}: is not a name a profile knows`);
  }
  return [`${path === "" ? "profile" : path}: ${issue.message}${causeInUnion(issue)}`];
}

/** What is wrong with the alternative of a union that was meant: the one of the right type. */
function causeInUnion(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union") return "";
  const cause = issue.errors.flat().find(({ code }) => code !== "invalid_type" && code !== "invalid_union");
  return cause === undefined ? "" : ` (${cause.message})`;
}
