import { describe, expect, it } from "vitest";
import { applyEdits } from "../core/edit.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { documentVariable, giveVariable } from "./service-variable.ts";

const file = (path: string, text: string) => ({
  path,
  text,
  ignored: false,
  untracked: false,
  directory: false,
});

async function given(compose: string, value = "a"): Promise<string | undefined> {
  const stack = await link(pageFiles([file("compose.yml", compose)]));
  const web = stack.services.find(service => service.name === "web")!;
  const edit = giveVariable(stack, web, "NEW", value);
  return edit && applyEdits(compose, [edit]);
}

describe("giving a service a variable", () => {
  const head = "services:\n  web:\n    image: x:1\n";
  it.each([
    ["that has none", head, `${head}    environment:\n      NEW: a\n`],
    [
      "with a mapping",
      `${head}    environment:\n      A: "1" # why\n`,
      `${head}    environment:\n      A: "1" # why\n      NEW: a\n`,
    ],
    [
      "with a list",
      `${head}    environment:\n      - A=1\n`,
      `${head}    environment:\n      - A=1\n      - NEW=a\n`,
    ],
    [
      "in place of a value",
      `${head}    environment:\n      NEW: 'old' # why\n`,
      `${head}    environment:\n      NEW: a # why\n`,
    ],
    [
      "in place of an item",
      `${head}    environment:\n      - "NEW=old"\n`,
      `${head}    environment:\n      - NEW=a\n`,
    ],
    ["beside a mapping on one line", `${head}    environment: { A: 1 }\n`, undefined],
  ])("%s", async (_what, text, expected) => expect(await given(text)).toBe(expected));

  it("leaves what other services share", async () => {
    const shared = "x-env: &env\n  A: b\nservices:\n  web:\n    image: x:1\n    environment: *env\n";
    expect(await given(shared)).toBeUndefined();
    const anchored = `${head}    environment: &env\n      A: b\n  job:\n    image: x:1\n    environment: *env\n`;
    expect(await given(anchored)).toBeUndefined();
  });

  it.each([
    ["false", '"false"'],
    ["0", '"0"'],
    ["${NEW:?names, with commas}", "${NEW:?names, with commas}"],
    ["a,b,${NEW:?names: one}", '"a,b,${NEW:?names: one}"'],
    ["http://localhost:3000", "http://localhost:3000"],
  ])("writes %s as %s", async (value, written) => {
    expect(await given(head, value)).toBe(`${head}    environment:\n      NEW: ${written}\n`);
  });
});

it("adds a variable to the example of the environment once", async () => {
  const variable = { name: "NEW", example: "a", says: "what it is" };
  const added = async (text: string) => {
    const files = [file("compose.yml", "services:\n  web:\n    image: x:1\n"), file(".env.example", text)];
    const stack = await link(pageFiles(files));
    return applyEdits(text, documentVariable(stack, stack.projects[0]!, variable));
  };
  expect(await added("A=1")).toBe("A=1\n\n# What it is\nNEW=a\n");
  expect(await added("A=1\r\n")).toBe("A=1\r\n\r\n# What it is\r\nNEW=a\r\n");
  expect(await added("NEW=b\n")).toBe("NEW=b\n");
});
