import { describe, expect, test } from "bun:test";
import { COMMANDS } from "../../src/commands/catalog.ts";
import { commandWords } from "../../src/commands/command-words.ts";

function wordsOf(name: string) {
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) throw new Error(`there is no command ${name}`);
  return commandWords(command);
}

describe("commandWords()", () => {
  test("finds verbs, operands and options in the help of each command", () => {
    expect(wordsOf("spool")).toMatchObject({ verbs: ["ls", "verify", "export", "drop"], operands: [] });
    expect(wordsOf("venues")).toMatchObject({
      verbs: ["show"],
      operands: ["venue"],
      options: ["--help", "--json", "--profile"],
    });
    expect(wordsOf("record")).toMatchObject({ verbs: [], operands: ["feed"] });
    expect(wordsOf("replay")).toMatchObject({ operands: ["file"], options: ["--help", "--speed"] });
    expect(wordsOf("schema").verbs).toEqual(["config", "profile", "record"]);
    expect(wordsOf("version").options).toEqual(["--help", "--json"]);
  });

  test("no text of a shown command would break a shell script", () => {
    for (const command of COMMANDS) {
      const { name, summary, verbs, options } = commandWords(command);
      if (name === "help") continue;
      expect([name, /['"`$\\]/.test([name, summary, ...verbs, ...options].join(" "))]).toEqual([name, false]);
    }
  });

  test("every command says its exit codes or shows examples", () => {
    for (const { name, help } of COMMANDS) {
      if (name === "help" || name === "simulate") continue;
      expect([name, /^Examples?:$/m.test(help)]).toEqual([name, true]);
    }
  });
});
