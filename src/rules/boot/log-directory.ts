import { entryOf, type Value } from "../../artifacts/value.ts";
import { dirname, inside } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import type { ImageModel } from "../../stack/image/image.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { type SettingsInForce, settingsInForce } from "../../stack/query-settings.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/log-directory",
  title: "The directory of every log file is in the container",
  claim: "boots-healthy",
  severity: "critical",
  why: 'Python opens the file while Django starts: without its directory every process ends with "Unable to configure handler", again after every restart.',
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      for (const { path, at } of logFiles(here)) {
        const directory = dirname(path);
        const absent = here.services.filter(service => {
          const { model, mounts } = service;
          if (
            !model ||
            mounts.some(
              mount =>
                inside(mount.target, directory) !== undefined ||
                inside(directory, mount.target) !== undefined,
            )
          )
            return false;
          return isAbsent(model, directory);
        });
        const [service] = absent;
        if (!service || makesDirectories(stack, here)) continue;
        yield {
          subject: `${service.name} ${directory}`,
          message: `Django in "${service.name}" writes its log to ${path}, and its image has no ${directory}: it ends while it starts.`,
          severity: weigh(service, "critical"),
          confidence: "likely",
          evidence: [
            evidence(at, "opened at the start"),
            evidence(service.build!.model!.stage.from.at, `no ${directory} in this image`),
          ],
        };
        break;
      }
    }
  },
});

/** Directories below /var/log come with packages of the system; one that no step and no package names is not there. */
function isAbsent(model: ImageModel, directory: string): boolean {
  const { has } = model.file(directory);
  if (has !== "unknown") return has === "no";
  const name = /^\/var\/log\/([\w-]+)(?:\/|$)/.exec(directory)?.[1];
  if (name === undefined || !/^python$/.test(model.facts?.family ?? "")) return false;
  return !model.built.some(({ stage }) =>
    [...stage.runs.map(run => run.fragment.text), ...stage.copies.map(copy => copy.destination.value)].some(
      text => text.includes("/var/log") || text.includes(name),
    ),
  );
}

interface LogFile {
  readonly path: string;
  readonly at: Location;
}

/** Absolute paths of handlers that open their file at once. */
function logFiles({ settings }: SettingsInForce): LogFile[] {
  const handlers = entryOf(settings.values.get("LOGGING"), "handlers");
  if (handlers?.kind !== "dict") return [];
  return handlers.entries.flatMap(({ value }) => {
    const kind = textOf(entryOf(value, "class"));
    const name = entryOf(value, "filename");
    const path = textOf(name);
    const delay = entryOf(value, "delay");
    if (!kind || !/FileHandler$/.test(kind) || !path?.startsWith("/") || !name) return [];
    return delay ? [] : [{ path, at: name.at }];
  });
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === "literal" && typeof value.value === "string" ? value.value : undefined;
}

/** Settings, an entry point or a package make directories: which ones is not worked out. */
function makesDirectories(stack: Stack, { settings, services }: SettingsInForce): boolean {
  const makes = /mkdir|makedirs|install -d/;
  const [first] = services;
  const below = first?.component?.dir ? `${first.component.dir}/` : "";
  const entry = stack.files.paths.filter(
    path =>
      path.startsWith(below) &&
      /(?:^|\/)(?:[\w-]*(?:entrypoint|start|run|init|wsgi|asgi|manage)[\w-]*\.(?:sh|py))$/.test(path),
  );
  const words = services.flatMap(service => (service.process?.commands ?? []).flat());
  return (
    words.some(word => makes.test(word.value ?? "")) ||
    [...settings.files, ...entry].some(path => {
      const read = stack.files.read(path);
      return "source" in read && makes.test(read.source.text);
    })
  );
}
