import { sessionDictionaries } from "./dictionaries.ts";
import { EngineSession } from "./engine-session.ts";
import type { FixEngine } from "./fix-engine.ts";

/** The engine on jspurefix; imported by `loadFixEngine` alone. Parses the embedded dictionary, so that no session waits for it. */
export function createJspurefixEngine(): FixEngine {
  sessionDictionaries(null);
  return {
    createSession: (options) => new EngineSession(options, sessionDictionaries(options.dictionaryXml)),
  };
}
