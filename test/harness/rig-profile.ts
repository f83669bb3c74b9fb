import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RigFeed } from "./ingester-rig.ts";

const VENUES_FOLDER = join(import.meta.dir, "../../config/venues");

/** Writes the built-in profile of a feed's venue with the feed's changes, under the feed's name; returns its file. */
export function writeProfile({ name, venue, profile }: RigFeed): string {
  const built = JSON.parse(readFileSync(join(VENUES_FOLDER, `${venue}.json`), "utf8"));
  const { $schema: _, ...rest } = built;
  const changed = {
    ...rest,
    name,
    sequence: profile?.sequence ?? built.sequence,
    limits: { ...built.limits, ...profile?.limits },
  };
  const file = join(mkdtempSync(join(tmpdir(), "edge-ingester-profile-")), `${name}.json`);
  writeFileSync(file, JSON.stringify(changed));
  return file;
}
