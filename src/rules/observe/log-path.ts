import { inside, join, normalize } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { type Location, locate } from "../../core/source.ts";
import { containerFile, evidence, serverServices, weigh } from "../../stack/query.ts";
import { isMentioned, settingsOf } from "../../stack/query-environment.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/log-path",
  title: "The volume for logs lies where the program writes them",
  claim: "failure-is-noticed",
  severity: "low",
  why: "The volume stays empty: the log files are written into the container and are gone after the next release, when somebody looks for them.",
  *check(stack) {
    const seen = new Set<string>();
    for (const service of serverServices(stack)) {
      const written = logDirectory(stack, service);
      if (!written || seen.has(written.at.file)) continue;
      const volumes = service.mounts.filter(
        mount =>
          mount.type === "volume" && /\/logs?$/.test(mount.target) && !mount.target.startsWith("/var/"),
      );
      const [volume] = volumes;
      if (
        !volume ||
        service.mounts.some(
          mount => inside(mount.target, written.path) !== undefined && mount.type !== "bind",
        )
      )
        continue;
      // Another part of the program may write there.
      if (isMentioned(stack, service.component!, volume.target)) continue;
      seen.add(written.at.file);
      const others = serverServices(stack).filter(
        other => other !== service && other.component === service.component,
      );
      const more = others.flatMap(other =>
        other.mounts.filter(mount => mount.type === "volume" && mount.target === volume.target),
      );
      yield {
        subject: `${service.name} ${volume.target}`,
        message: `"${service.name}" keeps a volume at ${volume.target}, and its settings write the logs to ${written.path}.`,
        evidence: [
          evidence(volume.at, "stays empty"),
          ...more.map(mount => evidence(mount.at, "stays empty")),
          evidence(written.at, `this is ${written.path} in the container`),
        ],
        severity: weigh(service, "low"),
        confidence: "likely",
      };
    }
  },
});

const base =
  /^BASE_DIR\s*=\s*(?:Path\(__file__\)\.resolve\(\)((?:\.parent)+)|((?:os\.path\.dirname\()+)os\.path\.abspath\(__file__\)\)*)\s*$/m;
const written =
  /BASE_DIR\s*\/\s*["'](logs?)["']|os\.path\.join\(\s*BASE_DIR\s*,\s*["'](logs?)["']|\{BASE_DIR\}\/(logs?)\b/;

/** The directory below the settings' own BASE_DIR where log files go, as the container has it. */
function logDirectory(
  stack: Stack,
  service: Service,
): { readonly path: string; readonly at: Location } | undefined {
  const settings = service.component?.django && settingsOf(service);
  const source = settings && sourceOf(stack, settings.file);
  if (!source) return undefined;
  const [based, log] = [base.exec(source.text), written.exec(source.text)];
  const place = based && log && containerPath(stack, service, source.path);
  if (!place) return undefined;
  const up = based[1] ? based[1].split(".parent").length - 1 : (based[2]!.match(/dirname/g) ?? []).length;
  const name = log[1] ?? log[2] ?? log[3] ?? "logs";
  const path = normalize(join(place, `${"../".repeat(up)}${name}`));
  return { path, at: locate(source, log.index, log.index + log[0].length) };
}

/** Where the container has a file of the repository: tried below its working directory and at its mounts. */
function containerPath(stack: Stack, service: Service, file: string): string | undefined {
  for (const mount of service.mounts) {
    const rest = mount.repositoryPath === undefined ? undefined : inside(mount.repositoryPath, file);
    if (rest !== undefined) return join(mount.target, rest);
  }
  const parts = file.split("/");
  const workdir = service.text("working_dir")?.text ?? service.model?.workdir;
  if (workdir === undefined) return undefined;
  for (let skip = 0; skip < parts.length; skip++) {
    const path = join(workdir, parts.slice(skip).join("/"));
    if (containerFile(stack, service, path).repositoryPath === file) return path;
  }
  return undefined;
}
