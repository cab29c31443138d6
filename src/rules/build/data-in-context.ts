import { inside, join } from "../../core/path.ts";
import { isIgnored } from "../../formats/dockerignore.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { dataDirectories } from "../../stack/query-data.ts";
import type { Build, Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/data-in-context",
  title: "The data of a database stays out of the builds beside it",
  claim: "builds",
  severity: "high",
  why: "The server writes these files as another user: a build that may not read them stops, so that there is no next release; one that may, puts a copy of the database into the image.",
  *check(stack) {
    for (const store of serverServices(stack)) {
      if (store.kind !== "database") continue;
      const mount = dataMount(stack, store);
      const builder = mount && takenBy(store, mount.repositoryPath!);
      if (!mount || !builder) continue;
      yield {
        subject: `${store.name} ${mount.repositoryPath}`,
        message: `"${store.name}" keeps its data in ${mount.source}, which lies in what "${builder.service.name}" is built from, and no .dockerignore leaves it out.`,
        severity: weigh(store, "high"),
        confidence: "likely",
        evidence: [
          evidence(mount.sourceAt, "the data of the database"),
          evidence(builder.copy, "takes the whole directory above it"),
        ],
      };
    }
  },
});

/** A directory of the checkout that the database fills: nothing of it is in git. */
function dataMount(stack: Stack, store: Service): Mount | undefined {
  return store.mounts.find(
    ({ type, target, repositoryPath }) =>
      type === "bind" &&
      repositoryPath !== undefined &&
      repositoryPath !== "" &&
      dataDirectories(store).some(({ path }) => inside(target, path) !== undefined) &&
      !stack.files.paths.some(
        path => path.startsWith(`${repositoryPath}/`) && !/\/\.git(?:keep|ignore)$/.test(path),
      ),
  );
}

/** A service that the same project builds, from a context with the directory in it; pulled images are built elsewhere. */
function takenBy(store: Service, path: string) {
  for (const service of store.project.services) {
    const { build } = service;
    if (!build?.model || build.context === undefined || service.image?.text?.includes("/")) continue;
    const rest = inside(build.context, path);
    const copy = rest === undefined ? undefined : copyOf(build, rest);
    if (copy) return { service, copy: copy.at };
  }
  return undefined;
}

function copyOf(build: Build, path: string) {
  const { ignore } = build;
  if (ignore && isIgnored(ignore.rules, join(path, "ibdata1")).ignored) return undefined;
  // Also what an earlier stage takes has to be read.
  const copies = (build.model?.built ?? []).flatMap(each => each.stage.copies);
  return copies.find(
    ({ from, exclude, sources }) =>
      from === undefined &&
      exclude.length === 0 &&
      sources.some(({ value }) => inside(join("", value.replace(/^\/+/, "")), path) !== undefined),
  );
}
