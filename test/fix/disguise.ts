import { isDeepStrictEqual } from "node:util";
import { parseAllDocuments } from "yaml";
import { basename } from "../../src/core/path.ts";

/** How a file is written otherwise than it was, with the same meaning. */
export interface Disguise {
  readonly returns: boolean;
  /** A remark behind every line that can carry one, and one of its own above others. */
  readonly remarks: boolean;
  /** An anchor that nothing uses on every mapping and list. */
  readonly anchors: boolean;
  /** How many times deeper every level of YAML stands. */
  readonly deeper: 1 | 2 | 3;
}

/** A remark or an anchor that a fix has to leave where it is. */
export const marks = /# kept \d+|&kept\d+/g;

/** The text with the same meaning as `text`; YAML that would mean something else stays as it is. */
export function disguised(path: string, text: string, how: Disguise): string {
  const lines = text.replace(/\r\n/g, "\n").split("\n");
  const next = numbered();
  const made = isYaml(path) ? yaml(lines, how, next) : how.remarks ? remarked(path, lines, next) : lines;
  const same = !isYaml(path) || meansTheSame(text, made.join("\n"));
  return (same ? made : lines).join(how.returns ? "\r\n" : "\n");
}

function isYaml(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

function numbered(): () => number {
  let number = 0;
  return () => number++;
}

function meansTheSame(one: string, other: string): boolean {
  const read = (text: string) => {
    const documents = parseAllDocuments(text, { merge: true, uniqueKeys: false });
    if ("empty" in documents) return [];
    return documents.map(document => (document.errors.length > 0 ? document.errors : document.toJS()));
  };
  try {
    return isDeepStrictEqual(read(one), read(other));
  } catch {
    return false;
  }
}

function yaml(lines: readonly string[], how: Disguise, next: () => number): string[] {
  const made: string[] = [];
  /** Of the block scalar that the line stands in: where it was opened, and how deep its text is. */
  let block: { readonly above: number; text?: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const depth = line.length - line.trimStart().length;
    if (block && (line.trim() === "" || depth > block.above)) {
      if (line.trim() !== "") block.text ??= depth;
      made.push(line.trim() === "" ? line : " ".repeat((how.deeper - 1) * (block.text ?? 0)) + line);
      continue;
    }
    block = /(?:^|[:\s-])[|>][-+\d]*(?:\s+#.*)?$/.test(line) ? { above: depth } : undefined;
    let text = deeper(line, depth, how.deeper);
    const opens = /^\s*(?:- +)?[\w./-]+:$/.test(line) && isDeeper(lines[index + 1] ?? "", depth);
    if (how.anchors && opens) text += ` &kept${next()}`;
    const isSimple =
      /^\s*(?:- +)?(?:[\w./-]+:(?: +[^\s#|>&*!'"{[][^#'"{}[\]]*)?|[^\s#|>&*!'"{[][^#:'"{}[\]]*)$/;
    if (how.remarks && !block && isSimple.test(line)) {
      const indent = /^\s*/.exec(text)![0];
      if (next() % 3 === 0) made.push(`${indent}# kept ${next()}`);
      text += ` # kept ${next()}`;
    }
    made.push(text);
  }
  return made;
}

function isDeeper(line: string, depth: number): boolean {
  return line.length - line.trimStart().length > depth && !/^\s*(?:#|$)/.test(line);
}

/** What stands behind a dash moves as far as what stands below it. */
function deeper(line: string, depth: number, times: number): string {
  if (times === 1) return line;
  return (
    " ".repeat(depth * times) +
    line.slice(depth).replace(/^((?:- +)+)/, dashes => {
      return dashes.replace(/- +/g, dash => `-${" ".repeat(dash.length * times - 1)}`);
    })
  );
}

function remarked(path: string, lines: readonly string[], next: () => number): string[] {
  const name = basename(path);
  const isDockerfile = /^Dockerfile|\.dockerfile$/i.test(name);
  const isNginx = /\.conf(?:\.template)?$/.test(name);
  const isEnvironment = /^\.env|\.env$/.test(name);
  if (/\.(?:sh|py)$/.test(name)) {
    const first = lines[0]?.startsWith("#!") ? 1 : 0;
    return [...lines.slice(0, first), `# kept ${next()}`, ...lines.slice(first)];
  }
  if (!isDockerfile && !isNginx && !isEnvironment) return [...lines];
  return lines.flatMap((line, index) => {
    const before = lines[index - 1] ?? "";
    const starts = isDockerfile
      ? /^[A-Z]+ /.test(line) &&
        !/\\\s*$/.test(before) &&
        !lines.slice(0, index).some(each => each.includes("<<"))
      : isNginx
        ? /^\s*\w[^'"#]*[;{]$/.test(line) && /^$|[;{}]\s*$/.test(before)
        : /^\w+=/.test(line);
    return starts ? [`# kept ${next()}`, line] : [line];
  });
}
