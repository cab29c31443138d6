import { auditProject } from "../../src/cli/audit-project.ts";
import type { ProjectFiles } from "../../src/core/project-files.ts";
import type { Source } from "../../src/core/source.ts";
import type { Form } from "./form.ts";

/** The same files in another form, and the paths that it changed. */
export function inForm(
  files: ProjectFiles,
  form: Form,
): { readonly files: ProjectFiles; readonly changed: readonly string[] } {
  const sources = new Map<string, Source>();
  for (const path of files.paths) {
    if (!form.applies.test(path)) continue;
    const read = files.read(path);
    if (!("source" in read) || read.source.text.length > 200_000) continue;
    const text = form.rewrite(read.source.text);
    if (text !== read.source.text) sources.set(path, { path, text });
  }
  const read: ProjectFiles["read"] = path => {
    const source = sources.get(path);
    return source ? { source } : files.read(path);
  };
  // A workspace has its answers in methods of its own.
  const other = Object.assign(Object.create(files), { read }) as ProjectFiles;
  return { files: other, changed: [...sources.keys()] };
}

export interface Said {
  /** Rule, severity, confidence and file: what a form may not change. Lines and quoted words it may. */
  readonly key: string;
  readonly message: string;
}

/** Everything that an audit says, least certain things included. */
export async function said(files: ProjectFiles): Promise<Said[]> {
  const report = await auditProject(files, {
    withoutFixes: true,
    now: new Date("2026-11-30"),
    show: { confidence: "possible" },
  });
  return report.findings.map(({ rule, severity, confidence, evidence, message }) => ({
    key: `${rule} ${severity} ${confidence} ${evidence[0]!.file}`,
    message,
  }));
}

/** What the one has more than the other, counted. */
export function beyond(one: readonly Said[], other: readonly Said[]): Said[] {
  const left = new Map<string, number>();
  for (const { key } of other) left.set(key, (left.get(key) ?? 0) + 1);
  return one.filter(({ key }) => {
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
}
