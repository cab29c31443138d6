import type { Edit, Fix } from "../core/fix.ts";
import { dirname, join } from "../core/path.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import { directoryName, writtenAt } from "../stack/query-build.ts";
import { lockNames, type StageInstall } from "../stack/query-locks.ts";
import type { Build, Stack } from "../stack/stack.ts";
import { letIn, rulesOfContents } from "./build-context.ts";
import { isCommitted } from "./committed.ts";
import { copyBeside, lockOfMember } from "./workspace-lock.ts";

/**
 * For an install that insists on a lock file and finds none: copies the one that the repository has, writes that of a
 * workspace's member, or lets the install do without. `manifest` is the path of package.json (or its kin) in the repository.
 */
export function bringLock(
  stack: Stack,
  build: Build,
  { stage, install }: StageInstall,
  manifest: string,
): Fix | undefined {
  const [name] = lockNames[install.manager] ?? [];
  if (name === undefined || build.context === undefined) return undefined;
  const path = join(dirname(manifest), name);
  if (isCommitted(stack.files, path)) {
    const below = path.slice(build.context === "" ? 0 : build.context.length + 1);
    const hidden = build.ignore !== undefined && isIgnored(build.ignore.rules, below).ignored;
    const edit = hidden ? letIn(stack, build, [below]) : copyBeside(stack, stage, install, name);
    return (
      edit && {
        title: `Bring ${name} into the image`,
        grade: "needs-testing",
        edits: [edit],
        test: "Build the image.",
        reveals: rulesOfContents,
      }
    );
  }
  const own =
    install.manager === "npm" ? lockOfMember(stack, build, { stage, install }, manifest) : undefined;
  if (own) return own;
  const edit = withoutLock(stack, install);
  return (
    edit && {
      title: `Install without ${name} until there is one`,
      grade: "needs-testing",
      edits: [edit],
      reveals: rulesOfContents,
      test: "Build the image and run the tests in it: the versions are those of today.",
      afterwards: `Make ${name} in ${directoryName(dirname(manifest))}, commit it, and take this change back.`,
    }
  );
}

/** The same command in the mode that needs no lock file. */
function withoutLock(stack: Stack, install: StageInstall["install"]): Edit | undefined {
  const written = writtenAt(stack, install.at);
  const start = install.at.span.start;
  const replace = (words: RegExp, text: string): Edit | undefined => {
    const found = words.exec(written);
    if (!found) return undefined;
    const from = start + found.index + (found[1]?.length ?? 0);
    return {
      at: { file: install.at.file, span: { start: from, end: start + found.index + found[0].length } },
      text,
    };
  };
  if (install.manager === "npm") return replace(/^(npm\s+)(?:ci|clean-install)(?=\s|$)/, "install");
  if (["yarn", "pnpm", "bun"].includes(install.manager))
    return replace(/()\s+--(?:frozen-lockfile|immutable)(?=\s|$)/, "");
  return undefined;
}
