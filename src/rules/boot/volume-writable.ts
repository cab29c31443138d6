import type { Fix } from "../../core/fix.ts";
import { locate } from "../../core/source.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
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
    const groups = new Map<string, { services: Service[]; mounts: Mount[] }>();
    for (const service of worstFirst(stack.services)) {
      const { build } = service;
      const model = build?.model;
      if (!model || service.user || service.oneShot || model.runsAsRoot !== false) continue;
      const volumes = service.mounts.filter(mount => isNew(stack, service, mount));
      for (const mount of volumes)
        if (model.file(mount.target).has === "yes")
          yield { subject: service.name, kept: evidence(mount.at, "the image has the directory") };
      const refused = volumes.filter(mount => model.file(mount.target).has === "no" && first(mount.at));
      if (refused.length === 0) continue;
      const key = [build.dockerfilePath, build.context, ...refused.map(mount => mount.target)].join("\n");
      const group = groups.get(key) ?? { services: [], mounts: [] };
      groups.set(key, group);
      group.services.push(service);
      group.mounts.push(...refused);
    }
    for (const { services, mounts } of groups.values()) {
      const [service] = services;
      const { user } = service!.build!.model!;
      const targets = [...new Set(mounts.map(mount => mount.target))];
      const [one, ...more] = mounts.map(mount =>
        evidence(mount.at, `the image has no ${mount.target}: root owns it`),
      );
      yield {
        subject: service!.name,
        message: `${listNames(services.map(each => each.name))} may not write to ${listNames(targets)}: the image has no such directory, so a new volume belongs to root, and the program runs as another user.`,
        severity: weigh(service!, isNamed(services, targets) ? "high" : "medium"),
        confidence: "likely",
        evidence: [one!, ...more, ...(user ? [evidence(user.at, "the program runs as this user")] : [])],
        fix: () => make(stack, service!, targets),
      };
    }
  },
});

/** A variable names a file or folder there: the program does write to it. */
function isNamed(services: readonly Service[], targets: readonly string[]): boolean {
  const texts = services.flatMap(service => service.environment.flatMap(each => each.value?.text ?? []));
  return targets.some(target => texts.some(text => `${text}/`.includes(`${target}/`)));
}

/** A named volume of this service alone: another image would bring its directory, or a helper change its owner. */
function isNew(stack: Stack, service: Service, mount: Mount): boolean {
  if (mount.type !== "volume" || mount.source === undefined || mount.readOnly) return false;
  const { source } = mount;
  const volume = service.project.volumes.find(each => each.name === source);
  if (!volume || volume.external) return false;
  return stack.services.every(
    other =>
      other === service ||
      other.project !== service.project ||
      (other.build !== undefined && other.build.model === service.build!.model) ||
      !other.mounts.some(each => each.source === source),
  );
}

/** The directory, made and given away before the image changes to the user. */
function make(stack: Stack, service: Service, paths: readonly string[]): Fix | undefined {
  const { user, stage } = service.build!.model!;
  const path = service.build!.dockerfilePath;
  const source = path === undefined ? undefined : stack.sources.get(path);
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
