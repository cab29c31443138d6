import type { Violation } from "./finding.ts";
import type { Edit, Fix } from "./fix.ts";

/** One fix for all, with what each of them says beside its edits. None when one of them cannot be mended. */
export function joinFixes(group: readonly Pick<Violation, "fix">[]): Fix | undefined {
  const fixes = group.flatMap(violation => violation.fix?.() ?? []);
  const [first] = fixes;
  if (!first || fixes.length < group.length) return undefined;
  const executable = [...new Set(fixes.flatMap(fix => fix.executable ?? []))];
  const opens = [...new Set(fixes.flatMap(fix => fix.opens ?? []))];
  const afterwards = [...new Set(fixes.flatMap(fix => fix.afterwards ?? []))].join(" ");
  return {
    ...first,
    edits: onceEach(fixes.flatMap(fix => fix.edits)),
    ...(fixes.some(fix => fix.partial) ? { partial: true } : {}),
    ...(executable.length > 0 ? { executable } : {}),
    ...(opens.length > 0 ? { opens } : {}),
    ...(afterwards !== "" ? { afterwards } : {}),
  };
}

/** They may share a file, and then want the same edit of it. */
function onceEach(edits: readonly Edit[]): Edit[] {
  const seen = new Set<string>();
  return edits.filter(({ at, text }) => {
    const key = [at.file, at.span.start, at.span.end, text].join("\0");
    const fresh = !seen.has(key);
    seen.add(key);
    return fresh;
  });
}
