// The public QuickFIX acceptance definitions, mirrored for an initiator: ours, without sockets, on a clock of its own.
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { FixEngine } from "../../../../src/adapters/fix/engine/fix-engine.ts";
import { loadFixEngine } from "../../../../src/adapters/fix/engine/load-engine.ts";
import { readDefinitions } from "./definition.ts";
import { definitionsFolder } from "./definitions-folder.ts";
import { EngineInitiator } from "./engine-initiator.ts";
import { runMirrored } from "./mirror.ts";
import { VERDICTS } from "./verdicts.ts";

/** Sound cases that are about the session: fewer may never pass. */
const PASSES_MIN = 36;

const folder = definitionsFolder();
const definitions = folder === null ? [] : readDefinitions(folder);
let engine: FixEngine;
let initiator: EngineInitiator;

beforeAll(async () => {
  engine = await loadFixEngine();
});

afterEach(() => {
  initiator?.close();
});

describe.skipIf(folder === null)("acceptance definitions", () => {
  test("each has a verdict, and enough of them pass", () => {
    expect(Object.keys(VERDICTS).sort()).toEqual(definitions.map(({ name }) => name).sort());
    expect(Object.values(VERDICTS).filter((verdict) => verdict === "pass").length).toBeGreaterThanOrEqual(PASSES_MIN);
  });

  describe.each(definitions)("$name", (definition) => {
    const verdict = VERDICTS[definition.name];

    test(verdict === "pass" ? "passes" : `is not met: ${verdict}`, async () => {
      initiator = new EngineInitiator(engine);
      const trouble = await runMirrored(definition, initiator);
      expect(initiator.failure).toBeNull();
      if (verdict === "pass") expect(trouble).toBeNull();
      else expect(trouble).not.toBeNull();
      initiator.close();
      expect(initiator.armedTimers).toBe(0);
    });
  });
});
