import type { FixEngine } from "./fix-engine.ts";

let engine: Promise<FixEngine> | null = null;

/** The FIX engine, loaded when first asked for: a process without FIX pays neither its time nor its memory. */
export function loadFixEngine(): Promise<FixEngine> {
  engine ??= load();
  return engine;
}

/** What is wrong with the text of an LP's dictionary (QuickFIX XML); null = nothing. For `edge-ingester check`. */
export async function checkDictionary(xml: string): Promise<string | null> {
  await loadReflection();
  const { parseDictionary } = await import("./dictionaries.ts");
  try {
    parseDictionary(xml);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function load(): Promise<FixEngine> {
  await loadReflection();
  const { createJspurefixEngine } = await import("./jspurefix-engine.ts");
  return createJspurefixEngine();
}

/** tsyringe, which jspurefix's classes are declared with, wants it to be there before it is loaded itself. */
async function loadReflection(): Promise<void> {
  await import("reflect-metadata");
}
