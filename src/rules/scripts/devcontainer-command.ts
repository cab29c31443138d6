import { dirname, join } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { locate } from "../../core/source.ts";
import { evidence } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

const command =
  /"(?:onCreateCommand|updateContentCommand|postCreateCommand|postStartCommand|initializeCommand)"\s*:\s*"((?:\\.|[^"\\])*)"/g;

/** Managers that stop when their manifest is not in the directory; Yarn 1 does not. */
const managers: readonly (readonly [call: RegExp, manifest: readonly string[]])[] = [
  [/^(?:npm (?:ci|install|i)|pnpm (?:install|i))$/, ["package.json"]],
  [/^(?:poetry install|uv sync|pdm install)\b/, ["pyproject.toml"]],
  [/^pipenv install$/, ["Pipfile"]],
  [/^bundle install$/, ["Gemfile"]],
  [/^composer install$/, ["composer.json"]],
];

export default defineRule({
  id: "scripts/devcontainer-command",
  title: "A development container finds what its setup installs from",
  claim: "builds",
  severity: "low",
  why: "The setup of the container ends with an error, and whoever is new begins with repairing it.",
  *check(stack) {
    for (const { file } of stack.devcontainers) {
      const source = sourceOf(stack, file);
      // Another folder of the container may hold another part of the repository.
      if (!source || source.text.includes('"workspaceFolder"')) continue;
      // The workspace is the folder that holds `.devcontainer`.
      const root = dirname(file.replace(/\.devcontainer(?:\/[^/]+)?\/[^/]+$/, "x"));
      for (const found of source.text.matchAll(command)) {
        const text = found[1]!;
        // Another directory, a script or a condition: the place is not known.
        if (/\bcd\b|--prefix|--cwd|-C\b|\|\||\bif\b|\$|\.sh\b/.test(text)) continue;
        const start = found.index + found[0].indexOf(text, found[0].indexOf(":"));
        for (const part of text.split(/\s*(?:&&|;)\s*/)) {
          const [, manifests] = managers.find(([call]) => call.test(part.trim())) ?? [];
          if (!manifests || manifests.some(name => stack.files.has(join(root, name)) === "file")) continue;
          const at = start + text.indexOf(part);
          yield {
            subject: `${file} ${part}`,
            message: `${file} runs \`${part}\` in ${root === "" ? "the root of the repository" : `${root}/`}, where no ${manifests[0]} is.`,
            evidence: [evidence(locate(source, at, at + part.length), `there is no ${manifests[0]} here`)],
          };
        }
      }
    }
  },
});
