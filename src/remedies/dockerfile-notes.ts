import { addTo } from "../core/group.ts";
/**
 * The comments of a Dockerfile in the one that takes its place: above the step that does the same, in their order; what
 * belongs to a step that is gone stands at the end. No comment is lost.
 */
export function carryNotes(old: string, fresh: string): string {
  const lines = fresh.replace(/\n$/, "").split("\n");
  const above = new Map<number, string[]>();
  const left: string[] = [];
  let from = 0;
  for (const { notes, step } of notesOf(old)) {
    const at =
      step === undefined ? -1 : lines.findIndex((line, index) => index >= from && stepOf(line) === step);
    if (at === -1) left.push(...notes);
    else {
      for (const note of notes) addTo(above, at, note);
      from = at;
    }
  }
  const kept = lines.flatMap((line, index) => [...(above.get(index) ?? []), line]);
  if (left.length > 0) kept.push("", "# Notes on steps of the file before this one:", ...left);
  return `${kept.join("\n")}\n`;
}

/** Comment lines with the step that they stand above. Lines for the builder are none. */
function notesOf(text: string): { notes: string[]; step: string | undefined }[] {
  const found: { notes: string[]; step: string | undefined }[] = [];
  let notes: string[] = [];
  let inStep = false;
  for (const line of text.split(/\r?\n/).map(each => each.trim())) {
    if (line.startsWith("#")) {
      if (/^#(?!\s*(?:syntax|escape|check)\s*=)./.test(line)) notes.push(line);
      continue;
    }
    if (line === "") continue;
    if (notes.length > 0) found.push({ notes, step: inStep ? undefined : stepOf(line) });
    notes = [];
    inStep = line.endsWith("\\");
  }
  if (notes.length > 0) found.push({ notes, step: undefined });
  return found;
}

/** What a line does, where two Dockerfiles of one application have a line for the same. */
function stepOf(line: string): string | undefined {
  const [, keyword = "", rest = ""] = /^([A-Z]+)\s+(.*)$/i.exec(line) ?? [];
  switch (keyword.toUpperCase()) {
    case "FROM":
    case "WORKDIR":
    case "USER":
    case "EXPOSE":
    case "HEALTHCHECK":
      return keyword.toUpperCase();
    case "CMD":
    case "ENTRYPOINT":
      return "start";
    case "COPY":
      if (/--from=/.test(rest)) return "copy what was built";
      return /package[\w*.-]*\.json|requirements|\block\b|[.-]lock|pyproject|Pipfile/.test(rest)
        ? "copy the manifest"
        : "copy the code";
    case "RUN":
      if (/\b(?:npm|yarn|pnpm|pip3?|poetry|uv)\b.*\b(?:ci|install|sync|i)\b/.test(rest)) return "install";
      if (/\b(?:npm|yarn|pnpm)\b.*\bbuild\b/.test(rest)) return "build";
      return /\bcollectstatic\b/.test(rest) ? "collect" : undefined;
    default:
      return undefined;
  }
}
