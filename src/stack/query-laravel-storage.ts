import { basename, join } from "../core/path.ts";
import { containerFile, serverServices } from "./query.ts";
import { mayDrop } from "./query-drop.ts";
import { runningCommand } from "./query-process.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** Laravel's directory for logs and caches, which PHP-FPM's processes and a worker of another user write to. */

export interface SharedStorage {
  readonly pages: Service;
  readonly mount: Mount;
  /** Run as root, never empty. */
  readonly workers: readonly Service[];
}

export function sharedStorages(stack: Stack): SharedStorage[] {
  const services = serverServices(stack);
  return services.flatMap(pages => {
    if (!isFpm(pages) || pages.component?.kind !== "laravel" || isPrepared(stack, pages)) return [];
    const mount = pages.mounts.find(each => !each.readOnly && each.source && logs.test(each.target));
    if (!mount) return [];
    const workers = services.filter(
      each =>
        each.project === pages.project &&
        isArtisan(each) &&
        isOfFpm(each) &&
        !mayDrop(stack, each) &&
        !isPrepared(stack, each) &&
        each.mounts.some(
          other => !other.readOnly && other.source === mount.source && other.target === mount.target,
        ),
    );
    return workers.length > 0 ? [{ pages, mount, workers }] : [];
  });
}

const logs = /\/storage(?:\/logs)?$/;

/** Started by root, as the image has it, its processes change to `www-data`. */
function isFpm(service: Service): boolean {
  const [program, ...rest] = service.process?.argv.map(word => word.value ?? "?") ?? ["php-fpm"];
  const named = service.command ?? service.entrypoint ?? service.model?.cmd ?? service.model?.entrypoint;
  if (!service.process && named) return false;
  return (
    isOfFpm(service) &&
    /^php-fpm[\d.]*$/.test(basename(program ?? "")) &&
    !rest.some(word => /^(?:-R|--allow-to-run-as-root|\?)$/.test(word))
  );
}

/** The official image, under the user that it comes with. */
function isOfFpm({ model, user }: Service): boolean {
  const { base } = model ?? {};
  const as = user ? (user.text ?? "?") : model?.user?.value;
  if (as !== undefined && !/^(?:root|0)(?::|$)/.test(as)) return false;
  return base?.registry === undefined && base?.name === "php" && /fpm/.test(base.tag ?? "");
}

function isArtisan(service: Service): boolean {
  const words = runningCommand(service)?.words.map(word => (typeof word === "string" ? word : "?")) ?? [];
  return /^php artisan (?:queue:work|queue:listen|schedule:work|horizon)(?: |$)/.test(words.join(" "));
}

/** Its log goes elsewhere, or the files of it are made for both. */
function isPrepared(stack: Stack, service: Service): boolean {
  const { component, environment } = service;
  const told = [
    ...environment
      .filter(each => /^LOG_(?:CHANNEL|STACK)$/.test(each.name))
      .map(each => each.value?.text ?? "?"),
    ...stack.envFiles.flatMap(({ entries }) =>
      entries.filter(each => /^LOG_(?:CHANNEL|STACK)$/.test(each.name.value)).map(each => each.value.value),
    ),
  ];
  if (told.some(text => !/^(?:stack|single|daily|)$/.test(text))) return true;
  const settings = stack.files.read(join(component?.dir ?? "", "config/logging.php"));
  if ("source" in settings && /^[ \t]*['"]permission['"]\s*=>/m.test(settings.source.text)) return true;
  const words = [
    service.entrypoint ?? service.model?.entrypoint,
    service.command ?? service.model?.cmd,
  ].flatMap(command => command?.words.map(word => word.value ?? "") ?? []);
  return words.some(word => {
    const path = /\.sh$|entrypoint|^\//.test(word)
      ? containerFile(stack, service, word).repositoryPath
      : undefined;
    const read = path === undefined ? undefined : stack.files.read(path);
    return read !== undefined && "source" in read && /\bumask\b|\bsetfacl\b|\.log\b/.test(read.source.text);
  });
}
