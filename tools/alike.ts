import { resolve } from "node:path";
import { projectFiles } from "../src/cli/project-files.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";
import { beyond, inForm, said } from "../test/alike/compare.ts";
import { forms } from "../test/alike/forms.ts";

/**
 * Audits directories as they are and with their files written in other ways that mean the same, and prints what is said
 * of one only: `npm run alike -- DIR... [--form PATTERN]`. Writes nothing, and ends with 1 where something differs.
 */
const given = process.argv.slice(2);
const at = given.indexOf("--form");
const wanted = new RegExp(at < 0 ? "" : (given[at + 1] ?? ""));
const directories = given.filter((_, index) => at < 0 || (index !== at && index !== at + 1));
if (directories.length === 0) {
  console.error("usage: npm run alike -- DIR... [--form PATTERN]");
  process.exit(2);
}

const counts = new Map<string, { directories: number; differ: number }>();
for (const directory of directories) {
  const { files } = projectFiles(openWorkspace(resolve(directory)));
  const before = await said(files);
  for (const form of forms.filter(each => wanted.test(each.name))) {
    const other = inForm(files, form);
    if (other.changed.length === 0) continue;
    const after = await said(other.files);
    const [gone, more] = [beyond(before, after), beyond(after, before)];
    const count = counts.get(form.name) ?? { directories: 0, differ: 0 };
    counts.set(form.name, {
      directories: count.directories + 1,
      differ: count.differ + gone.length + more.length,
    });
    for (const { key, message } of gone) console.log(`${directory}\t${form.name}\t- ${key}\t${message}`);
    for (const { key, message } of more) console.log(`${directory}\t${form.name}\t+ ${key}\t${message}`);
  }
}
for (const [name, count] of counts)
  console.log(`# ${name}: ${count.directories} directories, ${count.differ} findings differ`);
process.exitCode = [...counts.values()].some(count => count.differ > 0) ? 1 : 0;
