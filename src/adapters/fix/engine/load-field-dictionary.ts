import type { FieldDictionary } from "./field-dictionary.ts";

/**
 * The names of FIX 4.4 and of the LP's own dictionary, loaded when they are asked for: they cost 0.3 s and 50 MB.
 *
 * @param lpXml text of the LP's dictionary (QuickFIX XML); null = none
 * @throws Error with the faults of that text
 */
export async function loadFieldDictionary(lpXml: string | null): Promise<FieldDictionary> {
  // tsyringe, which jspurefix's classes are declared with, wants it to be there first.
  await import("reflect-metadata");
  const { createFieldDictionary } = await import("./field-dictionary.ts");
  return createFieldDictionary(lpXml);
}
