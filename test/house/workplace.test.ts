import { describe, expect, test } from "bun:test";
import { breachesOf, example, projectFiles } from "./project-files.ts";
import { checkWorkplace } from "./workplace.ts";

describe("files of the project", () => {
  test("name neither the workplace nor a registry", () => {
    expect(breachesOf(projectFiles(), checkWorkplace)).toEqual([]);
  });

  test.each([
    ["/wo", "rk/shared/captures"],
    ["https://registry.", "npmjs.org/a"],
    ["https://repo1.", "maven.org/a"],
  ])("would be caught with %s%s", (head, tail) => {
    expect(checkWorkplace(example("docs/a.md", `see ${head}${tail}`))).toHaveLength(1);
  });

  test("may have a path of their own that ends alike", () => {
    expect(checkWorkplace(example("docs/a.md", "src/network/a.ts, ./home/work-a"))).toEqual([]);
  });
});
