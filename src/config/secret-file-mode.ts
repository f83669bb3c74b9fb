import type { ConfigFile } from "./config-file.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";

const READABLE_BY_GROUP = 0o040;
const READABLE_BY_ALL = 0o004;
/** The group of root: its members can read everything anyhow. Credentials of systemd belong to it. */
const ROOT_GROUP_ID = 0;

/** A problem when every user of the machine can read the file of a secret; null when they cannot. The path is not told. */
export function openFileProblem(variable: string, { mode }: ConfigFile): ConfigProblem | null {
  if ((mode & READABLE_BY_ALL) === 0) return null;
  const wanted = "name a file that only those can read who must know the secret";
  return stateProblem(
    variable,
    wanted,
    "every user of this machine can read it",
    "chmod o-r it, and change the secret",
  );
}

/** A warning when a group can read the file of a secret; null when its owner alone can. */
export function groupFileWarning(variable: string, { mode, groupId }: ConfigFile): ConfigWarning | null {
  if ((mode & READABLE_BY_GROUP) === 0 || groupId === ROOT_GROUP_ID) return null;
  return {
    variable,
    message: `The file of ${variable} can be read by its whole group: chmod g-r it, or see who is in the group`,
  };
}
