/** The host a target names, in lower case and without port: connections are limited per host. */
export function hostOf(target: string): string {
  const url = URL.canParse(target) ? new URL(target) : null;
  if (url !== null && url.hostname !== "") return url.hostname.toLowerCase();
  return target.replace(/:\d+$/, "").toLowerCase();
}
