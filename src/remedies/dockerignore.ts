import { inside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { isIgnored, parseDockerignore } from "../formats/dockerignore.ts";
import { isCommitted } from "./committed.ts";

interface Group {
  readonly says: string;
  readonly patterns: readonly string[];
  /** Patterns for a context in which there is such a file. */
  readonly python?: readonly string[];
  readonly node?: readonly string[];
  /** Kept even where git tracks a file that it hides: such a file belongs into no image. */
  readonly always?: boolean;
}

const groups: readonly Group[] = [
  {
    says: "History, and what belongs to the repository alone",
    patterns: [".git", ".gitignore", ".github"],
    always: true,
  },
  {
    says: "Secrets",
    patterns: ["**/.env", "**/.env.*", "**/*.pem", "**/*.key", "**/id_rsa*"],
    always: true,
  },
  { says: "Dumps and databases", patterns: ["**/*.dump", "**/*.sql.gz", "**/*.sqlite3", "**/backups"] },
  {
    says: "What the build makes itself, and traces of a workstation",
    patterns: ["**/.DS_Store", "**/.idea", "**/.vscode", "**/*.log"],
    node: ["**/node_modules", "**/.next", "**/dist", "**/build", "**/coverage", "**/*.tsbuildinfo"],
    python: [
      "**/__pycache__",
      "**/*.pyc",
      "**/.venv",
      "**/venv",
      "**/staticfiles",
      "**/.pytest_cache",
      "**/.mypy_cache",
      "**/.ruff_cache",
    ],
  },
  {
    says: "The deployment itself",
    patterns: ["**/Dockerfile*", "**/.dockerignore", "compose*.yml", "docker-compose*.yml"],
    always: true,
  },
];

/** Read by the build of Vite, Create React App and Next.js; git tracks them only where they hold no secret. */
const bundleSettings = /^\.env(\.production|\.local|\.production\.local)?$/;

/** What a pattern of the table without slashes names: far quicker than the whole grammar of the file. */
function nameMatcher(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")}$`);
}

function groupBy(
  paths: readonly string[],
  keysOf: (path: string) => readonly string[],
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths)
    for (const key of new Set(keysOf(path))) {
      const group = groups.get(key);
      if (group) group.push(path);
      else groups.set(key, [path]);
    }
  return groups;
}

/**
 * The text of a .dockerignore for a build context: what no image needs. A pattern that would hide a file that git
 * tracks is left out, unless no image should have it; `needed` (paths relative to the root) are let in in any case.
 */
export function dockerignoreText(
  files: ProjectFiles,
  context: string,
  options: { readonly bundles?: boolean; readonly needed?: readonly string[] } = {},
): string {
  const inContext = files.paths.flatMap(path => inside(context, path) ?? []);
  // Whether git has a path takes longest to say: it is asked only of those that a pattern names.
  const isThere = (path: string) => isCommitted(files, join(context, path));
  // No pattern names more than one folder or file, so the names on the way stand for all paths.
  const tops = groupBy(inContext, path => [path.split("/", 1)[0]!]);
  const names = groupBy(inContext, path => path.split("/"));
  const hides = (pattern: string): boolean => {
    const deep = pattern.startsWith("**/");
    const named = nameMatcher(deep ? pattern.slice(3) : pattern);
    return [...(deep ? names : tops)].some(([name, paths]) => named.test(name) && paths.some(isThere));
  };
  const has = (name: RegExp) => inContext.some(path => name.test(path) && isThere(path));
  const lines: string[] = [];
  for (const group of groups) {
    const all = [
      ...group.patterns,
      ...(has(/(^|\/)package\.json$/) ? (group.node ?? []) : []),
      ...(has(/\.py$/) ? (group.python ?? []) : []),
    ];
    const patterns = all.filter(pattern => group.always || !hides(pattern));
    if (patterns.length > 0) lines.push(`# ${group.says}`, ...patterns, "");
  }
  const back = new Set<string>();
  if (options.bundles)
    for (const path of inContext)
      if (bundleSettings.test(path.slice(path.lastIndexOf("/") + 1)) && files.tracked(join(context, path)))
        back.add(path);
  const rules = parseDockerignore({ path: ".dockerignore", text: lines.join("\n") }).model;
  for (const path of options.needed ?? []) {
    const below = inside(context, path);
    if (below !== undefined && isIgnored(rules, below).ignored) back.add(below);
  }
  if (back.size > 0) lines.push("# The build reads these", ...[...back].sort().map(path => `!${path}`), "");
  return lines.join("\n");
}
