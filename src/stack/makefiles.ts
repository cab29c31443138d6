import { includedMakefile, type Makefile, makefile } from "../artifacts/makefile.ts";
import { dirname, join } from "../core/path.ts";
import type { Reader } from "./reader.ts";

/** All Makefiles. What is included from one other directory alone runs there: `include make/*.mk`. */
export function makefilesOf(reader: Reader): Makefile[] {
  const all = reader.all(makefile);
  const starts = new Map<string, Set<string>>();
  for (const { file, includes } of all) {
    const directory = dirname(file);
    for (const each of all)
      if (each.file !== file && includes.some(name => matches(join(directory, name), each.file)))
        starts.set(each.file, (starts.get(each.file) ?? new Set()).add(directory));
  }
  return all.map(each => {
    const [directory, ...more] = starts.get(each.file) ?? [];
    if (directory === undefined || more.length > 0 || directory === dirname(each.file)) return each;
    const told = reader.problems.length;
    const read = reader.parse(includedMakefile(directory), each.file);
    // What cannot be read was told when it was read for the first time.
    reader.problems.length = told;
    return read ?? each;
  });
}

function matches(written: string, path: string): boolean {
  if (!written.includes("*")) return written === path;
  const [before = "", after = "", ...more] = written.split("*");
  const middle = path.slice(before.length, path.length - after.length);
  return more.length === 0 && path.startsWith(before) && path.endsWith(after) && !middle.includes("/");
}
