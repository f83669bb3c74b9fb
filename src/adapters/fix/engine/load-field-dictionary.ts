import type { FieldDictionary } from "./field-dictionary.ts";

/**
 * The names of FIX 4.4 and of the LP's own dictionary, loaded when they are asked for: they cost 0.3 s and 50 MB.
 *
 * @param lpXml text of the LP's dictionary (QuickFIX XML); null = none
 * @throws Error with the faults of that text
 */
export async function loadFieldDictionary(lpXml: string | null): Promise<FieldDictionary> {
  await loadReflection();
  const { createFieldDictionary } = await import("./field-dictionary.ts");
  return createFieldDictionary(lpXml);
}

/** tsyringe, which jspurefix's classes are declared with, wants it to be there before it is loaded itself. */
async function loadReflection(): Promise<void> {
  await import("reflect-metadata");
}
