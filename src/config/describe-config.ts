import type { EffectiveSetting, LoadedConfig } from "./load-config.ts";
import type { ConfigWarning } from "./problems.ts";

/** Values longer than this are not padded for, so that one long list does not push the other columns off the screen. */
const VALUE_COLUMN_MAX = 44;

/** The effective configuration for scripts: `edge-ingester check --json`. Holds no secret. */
export interface ConfigDescription {
  readonly settings: readonly EffectiveSetting[];
  readonly warnings: readonly ConfigWarning[];
}

/** The effective configuration as plain data, secrets redacted. */
export function describeConfigJson(loaded: LoadedConfig): ConfigDescription {
  return { settings: loaded.settings, warnings: loaded.warnings };
}

/**
 * The effective configuration as a table for people, secrets redacted: one line per variable with its value and where
 * that came from, by group, then the warnings. Ends with a line end.
 */
export function describeConfigTable(loaded: LoadedConfig): string {
  const { settings, warnings } = loaded;
  const nameWidth = Math.max(...settings.map((setting) => setting.variable.length));
  const valueWidth = Math.min(VALUE_COLUMN_MAX, Math.max(...settings.map((setting) => shownValue(setting).length)));
  const lines: string[] = [];
  let group = "";
  for (const setting of settings) {
    if (setting.group !== group) {
      if (group !== "") lines.push("");
      group = setting.group;
      lines.push(group);
    }
    const name = setting.variable.padEnd(nameWidth);
    lines.push(`  ${name}  ${shownValue(setting).padEnd(valueWidth)}  ${shownOrigin(setting)}`);
  }
  if (warnings.length > 0) lines.push("");
  for (const warning of warnings) lines.push(`Warning: ${printable(warning.message)}`);
  return `${lines.join("\n")}\n`;
}

function shownValue(setting: EffectiveSetting): string {
  if (setting.value !== null) return printable(setting.value);
  return setting.note === null ? "-" : `(${setting.note.replaceAll("`", "")})`;
}

function shownOrigin(setting: EffectiveSetting): string {
  return setting.file === null ? setting.origin : `${setting.origin} ${printable(setting.file)}`;
}

/** Control characters would let a value draw over the lines above it. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}
