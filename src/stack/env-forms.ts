import { isOutside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import type { ComposeUse } from "./project-plan.ts";

const form = /^\.?env[._-](?:sample|example|dist|template|tmpl)$|^(?:sample|example|template)\.env$/;

/** The files that the form of an `.env` has people run: of several lists the one that is called production's, or the first. */
export function formUse(files: ProjectFiles): ComposeUse | undefined {
  for (const name of files.list("")) {
    const read = form.test(name) && files.has(name) === "file" ? files.read(name) : undefined;
    if (!read || !("source" in read)) continue;
    const { text } = read.source;
    const lists = [...text.matchAll(/^COMPOSE_FILE=(["']?)([^\s"'#]+)\1/gm)].flatMap(found => {
      const above = text.slice(0, found.index).trimEnd().split("\n").at(-1) ?? "";
      const list = presentFiles(files, "", found[2]!);
      const served = above.startsWith("#") && /\bprod/i.test(above);
      return list
        ? [{ list, served, at: locate(read.source, found.index, found.index + found[0].length) }]
        : [];
    });
    const chosen = lists.find(each => each.served) ?? lists[0];
    if (chosen) return { files: chosen.list, named: true, deploys: false, at: chosen.at, by: name };
  }
  return undefined;
}

/** The files of `a.yml:b.yml`, where all of them are there. */
export function presentFiles(files: ProjectFiles, base: string, text: string): string[] | undefined {
  const list = text.split(/[:;]/).map(file => join(base, file));
  return list.every(path => !isOutside(path) && files.has(path) === "file") ? list : undefined;
}
