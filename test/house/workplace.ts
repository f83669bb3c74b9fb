import { type Breach, lineAt, type ProjectFile } from "./project-files.ts";

/** Taken apart, so that this file does not break its own rule. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(["(?<![\\w.])/wo", "rk/"].join(""), "g"), "a path of the workplace"],
  [new RegExp(["/tmp/", "brief"].join(""), "g"), "a path of the workplace"],
  [
    new RegExp(
      ["registry\\.", "npmjs|registry\\.", "yarnpkg|npm", "mirror|repo1\\.", "maven|repo\\.", "maven"].join(""),
      "gi",
    ),
    "a registry host",
  ],
  [new RegExp(["proxy\\.", "golang|deb\\.", "debian"].join(""), "gi"), "a registry host"],
];

/** Names of this workplace and of registries: both belong to the machine, not to the project. */
export function checkWorkplace(file: ProjectFile): Breach[] {
  return PATTERNS.flatMap(([pattern, what]) =>
    [...file.text.matchAll(pattern)].map((match) => ({
      path: file.path,
      line: lineAt(file.text, match.index),
      rule: `names ${what}: ${match[0]}`,
    })),
  );
}
