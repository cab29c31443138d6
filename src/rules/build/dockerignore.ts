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
        severity: weighBuilds(group, comes.some(each => each.secret) ? "medium" : "low"),
      };
    }
  },
});
