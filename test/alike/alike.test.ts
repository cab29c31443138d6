import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { projectFiles } from "../../src/cli/project-files.ts";
import { openWorkspace } from "../../src/workspace/workspace.ts";
import { beyond, inForm, said } from "./compare.ts";
import { forms } from "./forms.ts";

const examples = ["harbour", "shipshape"].map(
  name =>
    projectFiles(openWorkspace(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)))).files,
);
const before = await Promise.all(examples.map(said));

const cases = forms.map(form => ({ form, others: examples.map(files => inForm(files, form)) }));
const used = cases.filter(({ others }) => others.some(other => other.changed.length > 0));

describe("the examples get the same findings with", () => {
  it.each(used)("$form.name", async ({ others }) => {
    for (const [index, other] of others.entries()) {
      const after = await said(other.files);
      expect({ gone: beyond(before[index]!, after), more: beyond(after, before[index]!) }).toEqual({
        gone: [],
        more: [],
      });
    }
  });

  it("most of the forms there are", () => {
    // What the examples do not use; `npm run alike` tries these on other directories.
    expect(cases.filter(each => !used.includes(each)).map(each => each.form.name)).toEqual([
      "docker-compose with a blank",
      "the Compose file in quotes",
      "a condition instead of ||",
      "a dot instead of source",
      "servers in named groups",
      "the Compose file in a variable",
    ]);
  });
});
