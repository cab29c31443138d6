import { isVendored } from "../artifacts/project-files.ts";
import type { Fix } from "../core/fix.ts";
import { basename, dirname } from "../core/path.ts";
import { yamlList } from "../formats/yaml-text.ts";
import type { Stack } from "../stack/stack.ts";
import { creation } from "./new-file.ts";

/** Names of Dependabot's ecosystems, with the files that show that one is in use. */
const ecosystems: readonly (readonly [name: string, file: RegExp])[] = [
  ["docker", /^(?:Dockerfile(?:\.[\w.-]+)?|[\w.-]+\.dockerfile)$/i],
  ["docker-compose", /^(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/],
  ["npm", /^(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml)$/],
  ["uv", /^uv\.lock$/],
  ["pip", /^(?:requirements(?:[.-][\w.-]+)?\.txt|poetry\.lock|Pipfile\.lock)$/],
  ["gomod", /^go\.mod$/],
  ["composer", /^composer\.lock$/],
  ["bundler", /^Gemfile\.lock$/],
  ["cargo", /^Cargo\.lock$/],
];

/**
 * A Dependabot that raises what this repository ships: bases of images, images of Compose files, packages and actions.
 * Undefined where nothing of it is hosted on GitHub.
 */
export function addDependabot(stack: Stack): Fix | undefined {
  if (!stack.files.paths.some(path => path.startsWith(".github/"))) return undefined;
  const found = ecosystems.flatMap(([name, file]) => {
    const directories = new Set(
      stack.files.paths
        .filter(path => file.test(basename(path)) && !isVendored(path) && stack.files.tracked(path) !== false)
        .map(path => `/${dirname(path)}`),
    );
    return directories.size > 0 ? [[name, [...directories].sort()] as const] : [];
  });
  const entries = [...found, ["github-actions", ["/"]] as const].flatMap(([name, directories]) => [
    `  - package-ecosystem: ${name}`,
    `    directories: ${yamlList(directories)}`,
    "    schedule: { interval: weekly }",
    // One pull request a week and kind, not one for each package.
    `    groups: { ${name}: { patterns: ["*"] } }`,
  ]);
  const text = [
    "# Raises versions by pull request, and at once where a hole is known.",
    "version: 2",
    "updates:",
    ...entries,
    "",
  ].join("\n");
  return {
    title: "Have Dependabot raise versions and tell of known holes",
    grade: "needs-testing",
    ...creation([{ path: ".github/dependabot.yml", text }]),
    test: "Look at the first pull requests: the checks run on them without the repository's secrets.",
    afterwards:
      "Switch Dependabot alerts and security updates on in the repository's settings, and say who reads them.",
  };
}
