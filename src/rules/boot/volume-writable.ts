import type { Fix } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { locate } from "../../core/source.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { imageBrings, isNamed, type Refusal, refusalOf } from "../../stack/query-unwritable.ts";
import type { Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/volume-writable",
  title: "A program may write to the volumes that it is given",
  claim: "boots-healthy",
  severity: "high",
  why: "Docker makes the directory of a new volume for root where the image has none: the first write of another user is refused, and a database file or an upload is never stored.",
  *check(stack) {
    const first = oncePerPlace();
    // Services of one image lack the same directory: one finding.
    const groups = new Map<string, { services: Service[]; mounts: Mount[]; refusal: Refusal }>();
    for (const service of worstFirst(stack.services)) {
      const refused = service.mounts.flatMap(mount => {
        const refusal = refusalOf(stack, service, mount);
        return refusal && first(mount.at) ? [{ mount, refusal }] : [];
      });
      for (const mount of service.mounts)
        if (imageBrings(stack, service, mount))
          yield { subject: service.name, kept: evidence(mount.at, "the image has the directory") };
      if (refused.length === 0) continue;
      const { dockerfilePath, context } = service.build ?? service.made ?? {};
      const own = dockerfilePath ?? service.name;
      const { refusal } = refused[0]!;
      const key =
        refusal === "bind"
          ? [service.project.name, own, ...refused.map(({ mount }) => mount.source)].join("\n")
          : [own, context, ...refused.map(({ mount }) => mount.target)].join("\n");
      // One directory of the server is one cause, whatever the images; and one image that may not write is, too.
      const same = [...groups.values()].find(
        each =>
          refusal === "bind" &&
          each.refusal === "bind" &&
          each.services[0]!.project === service.project &&
          (each.services.some(
            other => (other.build ?? other.made)?.dockerfilePath === (dockerfilePath ?? "?"),
          ) ||
            each.mounts.some(({ source }) => refused.some(({ mount }) => mount.source === source))),
      );
      const group = same ?? groups.get(key) ?? { services: [], mounts: [], refusal };
      if (!same) groups.set(key, group);
      group.services.push(service);
      group.mounts.push(...refused.map(({ mount }) => mount));
    }
    for (const { services, mounts, refusal } of groups.values()) {
      const [service] = services;
      const user = service!.model?.user;
      const targets = [...new Set(mounts.map(mount => mount.target))];
      const [one, ...more] = mounts.map(mount =>
        evidence(
          mount.at,
          mount.type === "volume"
            ? `the image has no ${mount.target}: root owns it`
            : mount.source!.startsWith("/")
              ? `${mount.source} is gone after a restart of the server: Docker makes it for root`
              : `${mount.source} is not in the repository: Docker makes it for root`,
        ),
      );
      const because =
        refusal === "volume"
          ? "the image has no such directory, so a new volume belongs to root"
          : "the directory on the server is not in the repository, so Docker makes it for root";
      yield {
        subject: service!.name,
        message: `${listNames([...new Set(services.map(each => each.name))])} may not write to ${listNames(targets)}: ${because}, and the program runs as another user.`,
        severity: weigh(service!, isGrave(services, targets) ? "high" : "medium"),
        confidence: "likely",
        evidence: [one!, ...more, ...(user ? [evidence(user.at, "the program runs as this user")] : [])],
        fix: () => (refusal === "volume" && service!.build ? make(stack, service!, targets) : undefined),
      };
    }
  },
});

/** A variable names the directory, or it is where a store keeps its data. */
function isGrave(services: readonly Service[], targets: readonly string[]): boolean {
  const [{ facts, build, made, kind } = {} as Partial<Service>] = services;
  if (!build && !made && kind !== "monitoring" && facts?.dataDirectories.some(each => targets.includes(each)))
    return true;
  return isNamed(services, targets);
}

/** The directory, made and given away before the image changes to the user. */
function make(stack: Stack, service: Service, paths: readonly string[]): Fix | undefined {
  const { user, stage } = service.build!.model!;
  const path = service.build!.dockerfilePath;
  const source = path === undefined ? undefined : sourceOf(stack, path);
  const users = stage.instructions.filter(each => each.keyword === "USER");
  if (!user || !source || users.length !== 1 || user.value.includes("$")) return undefined;
  const { start } = users[0]!.at.span;
  const name = user.value.split(":")[0]!;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const targets = paths.join(" ");
  return {
    title: `Make ${listNames(paths)} for ${name}`,
    grade: "needs-testing",
    edits: [
      { at: locate(source, start, start), text: `RUN mkdir -p ${targets} && chown ${name} ${targets}${eol}` },
    ],
    test: `Build it, start ${service.name} with a new volume, and store something.`,
    afterwards: `A volume that is there already keeps its owner: run \`docker compose run --rm --user root --entrypoint chown ${service.name} -R ${name} ${targets}\` once.`,
  };
}
