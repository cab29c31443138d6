import type { Fix } from "../../core/fix.ts";
import { inside, join } from "../../core/path.ts";
import { dockerignoreText } from "../../remedies/dockerignore.ts";
import { evidence } from "../../stack/query.ts";
import {
  buildSubject,
  directoryName,
  groupBuilds,
  places,
  serverBuilds,
  weighBuilds,
} from "../../stack/query-build.ts";
import { broadCopies } from "../../stack/query-shipped.ts";
import { listed, unreadIgnore, unwanted } from "../../stack/query-unwanted.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/dockerignore",
  title: "An image that copies its whole context has an ignore file for it",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "Environment files, the history in .git and folders of a workstation become layers of the image, for everybody who can pull it.",
  *check(stack) {
    const builds = serverBuilds(stack).filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(builds, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      const copies = broadCopies(first);
      if (copies.length === 0) continue;
      if (first.ignore) {
        yield {
          subject: buildSubject(first),
          kept: evidence(copies[0]!.at, `${first.ignore.path} is in force`),
        };
        continue;
      }
      const comes = unwanted(stack, group);
      if (comes.length === 0) continue;
      const unread = unreadIgnore(stack, first);
      yield {
        subject: buildSubject(first),
        message: `The image of ${first.dockerfilePath} gets all of ${directoryName(first.context!)}, where no .dockerignore is in force: ${listed(comes)} with it.${unread === undefined ? "" : ` ${unread} is not read for this context.`}`,
        evidence: [
          ...places(
            copies.map(copy => copy.at),
            "copies everything",
          ),
          ...places(
            group.map(build => build.contextAt),
            "a context without .dockerignore",
          ),
        ] as [ReturnType<typeof evidence>],
        fix: () => addIgnore(stack, first),
        severity: weighBuilds(group, comes.some(each => each.secret) ? "medium" : "low"),
      };
    }
  },
});

/** A file for the context: what any image built from it copies by name stays in. */
function addIgnore(stack: Stack, build: Build): Fix {
  const context = build.context!;
  const copied = stack.builds
    .filter(each => each.context === context)
    .flatMap(each => each.dockerfile?.stages ?? [])
    .flatMap(stage => stage.copies.filter(copy => !copy.from))
    .flatMap(copy => copy.sources.map(source => join(context, source.value.replace(/^\/+/, ""))));
  const bundles = stack.components.some(each => each.package && inside(context, each.dir) !== undefined);
  const path = join(context, ".dockerignore");
  return {
    title: `Add ${path}`,
    grade: "needs-testing",
    edits: [
      {
        at: { file: path, span: { start: 0, end: 0 } },
        text: dockerignoreText(stack.files, context, {
          bundles,
          needed: copied.filter(each => stack.files.has(each) === "file"),
        }),
      },
    ],
    test: "Build the image and start it: what it needs from the folders that the file names has to be listed with `!` in front.",
  };
}
