import type { z } from "zod";
import { IngestError } from "../domain/ingest-error.ts";
import { findProfileProblems } from "./profile-checks.ts";
import { type VenueProfile, venueProfileSchema } from "./profile-schema.ts";

/**
 * Reads a profile from the text of its file and checks it.
 * @param origin where the text comes from, for the error
 * @throws IngestError `config_invalid` that names every problem with its path
 */
export function loadProfile(text: string, origin: string): VenueProfile {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw badProfile(origin, [`is no JSON: ${(error as SyntaxError).message}`]);
  }
  return checkProfile(content, origin);
}

/**
 * Checks the content of a profile.
 * @throws IngestError `config_invalid` that names every problem with its path
 */
export function checkProfile(content: unknown, origin: string): VenueProfile {
  const parsed = venueProfileSchema.safeParse(content);
  if (!parsed.success) throw badProfile(origin, parsed.error.issues.flatMap(describeIssue));
  const problems = findProfileProblems(parsed.data);
  if (problems.length > 0) throw badProfile(origin, problems);
  return parsed.data;
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
