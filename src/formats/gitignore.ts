import ignore, { type Ignore } from "ignore";

/** The rules of one `.gitignore`. */
export interface GitignoreRules {
  /**
   * `path` is relative to the file's folder; a folder's path ends with a slash. `undefined`: no rule speaks of the path
   * itself. What a rule says of a folder above does not count: a deeper file may have taken that folder back.
   */
  test(path: string): "ignored" | "kept" | undefined;
}

/** Reads a `.gitignore`, `.git/info/exclude` or any file of that syntax; letter case counts, as in git on Linux. */
export function parseGitignore(whole: string): GitignoreRules {
  const text = shortLines(whole);
  const rules: Ignore = ignore({ ignorecase: false, allowRelativePaths: true }).add(text);
  return {
    test: path => {
      if (path === "" || path === "/") return undefined;
      const slash = path.lastIndexOf("/", path.length - 2);
      const isBelowIgnored = slash > 0 && rules.test(path.slice(0, slash + 1)).ignored;
      const asked = isBelowIgnored ? withFolders(text, foldersAbove(path)) : rules;
      const { ignored, unignored } = asked.test(path);
      return ignored ? "ignored" : unignored ? "kept" : undefined;
    },
  };
}

/** The library makes an expression of each line, and V8 refuses those that are too large: longer lines do not count. */
const longestLine = 1_024;

function shortLines(text: string): string {
  if (text.length <= longestLine) return text;
  const lines = text.split("\n");
  return lines.some(line => line.length > longestLine)
    ? lines.filter(line => line.length <= longestLine).join("\n")
    : text;
}

function foldersAbove(path: string): string[] {
  const parts = path.replace(/\/$/, "").split("/");
  return parts.slice(1).map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}

/** The library hands the verdict of a folder down; these rules keep the folders, so the path is asked for itself. */
function withFolders(text: string, folders: readonly string[]): Ignore {
  const kept = folders.map(folder => `!/${folder.replace(/[\\*?[\]]/g, "\\$&")}`);
  return ignore({ ignorecase: false, allowRelativePaths: true }).add(text).add(kept);
}

/**
 * Asks nested rule files as git does: the deepest that speaks decides, and nothing below an ignored folder comes back.
 * `rulesOf` gives the rules of a folder (`""` is the root).
 */
export function gitignored(path: string, rulesOf: (folder: string) => GitignoreRules | undefined): boolean {
  return gitignoring(rulesOf)(path);
}

/** As `gitignored`, for many paths under rules that stay: what is known of a folder is not asked again. */
export function gitignoring(
  rulesOf: (folder: string) => GitignoreRules | undefined,
): (path: string) => boolean {
  const folders = new Map<string, boolean>();
  const isFolderIgnored = (parts: readonly string[]): boolean => {
    if (parts.length === 0) return false;
    const folder = parts.join("/");
    let known = folders.get(folder);
    if (known === undefined) {
      known = isFolderIgnored(parts.slice(0, -1)) || speaks(parts, true, rulesOf) === "ignored";
      folders.set(folder, known);
    }
    return known;
  };
  const files = new Map<string, boolean>();
  return path => {
    let known = files.get(path);
    if (known === undefined) {
      const parts = path.split("/").filter(part => part !== "");
      known = path.endsWith("/")
        ? isFolderIgnored(parts)
        : isFolderIgnored(parts.slice(0, -1)) ||
          (parts.length > 0 && speaks(parts, false, rulesOf) === "ignored");
      files.set(path, known);
    }
    return known;
  };
}

function speaks(
  parts: readonly string[],
  isFolder: boolean,
  rulesOf: (folder: string) => GitignoreRules | undefined,
): "ignored" | "kept" | undefined {
  for (let above = parts.length - 1; above >= 0; above--) {
    const rules = rulesOf(parts.slice(0, above).join("/"));
    const verdict = rules?.test(parts.slice(above).join("/") + (isFolder ? "/" : ""));
    if (verdict) return verdict;
  }
  return undefined;
}
