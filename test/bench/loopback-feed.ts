/** Settings of one feed on a loopback venue, from the JSON line that `simulate` printed. */
export function loopbackFeed(
  name: string,
  facts: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const prefix = `${name.toUpperCase().replaceAll("-", "_")}_`;
  const settings = { ...(facts["settings"] as Record<string, string>), ENABLED: "true", ...more };
  const env: Record<string, string> = { FEEDS: name };
  for (const [key, value] of Object.entries(settings)) env[prefix + key] = value;
  env[`${prefix}SYMBOLS`] = (facts["symbols"] as string[]).join(",");
  return env;
}
