import { expect, test } from "bun:test";
import { join } from "node:path";
import { renderVenueProfileSchema } from "../../src/venues/profile-schema.ts";

const SCHEMA_FILE = join(import.meta.dir, "../../config/venue-profile.schema.json");

// When the schema has changed on purpose: bun scripts/generate-docs.ts
test("config/venue-profile.schema.json is what the zod schema generates", async () => {
  expect(await Bun.file(SCHEMA_FILE).text()).toBe(renderVenueProfileSchema());
});
