import type { Evidence } from "../core/finding.ts";
import { join } from "../core/path.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import { evidence, variable } from "./query.ts";
import { lacksDotenv, readsDotenv } from "./query-dotenv.ts";
import { hasUnseenEnvironment } from "./query-environment.ts";
import { runningCommand } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** Keys that a framework insists on in production. */

export interface AbsentKey {
  readonly name: string;
  readonly says: string;
  /** A variable that looks like it, which nothing reads. */
  readonly instead: readonly Evidence[];
}

/** The key that a service's framework does not work without, where the service surely gets none. */
export function absentKey(stack: Stack, service: Service): AbsentKey | undefined {
  const { component } = service;
  if (!component || hasUnseenEnvironment(service)) return undefined;
  if (readsDotenv(stack, service) && !lacksDotenv(stack, service)) return undefined;
  if (component.kind === "rails") return railsKey(stack, service, component.dir);
  return component.kind === "laravel" && lacksDotenv(stack, service)
    ? laravelKey(stack, service, component.dir)
    : undefined;
}

const has = (service: Service, name: string): boolean =>
  variable(service, name) !== undefined ||
  (service.model?.env.has(name) ?? false) ||
  service.reassigned?.has(name) === true;

function railsKey(stack: Stack, service: Service, dir: string): AbsentKey | undefined {
  const stage = ["RAILS_ENV", "RACK_ENV"].map(
    name => variable(service, name)?.value?.text ?? service.model?.env.get(name)?.value,
  );
  if (stage.find(each => each !== undefined) !== "production") return undefined;
  const words = (runningCommand(service)?.words ?? []).join(" ");
  if (!/\b(?:rails|puma|unicorn|passenger|sidekiq|thrust|bundle)\b/.test(words)) return undefined;
  if (["SECRET_KEY_BASE", "RAILS_MASTER_KEY", "SECRET_KEY_BASE_DUMMY"].some(name => has(service, name)))
    return undefined;
  const files = stack.files.paths.filter(path => path.startsWith(dir === "" ? "" : `${dir}/`));
  const below = (path: string) => (dir === "" ? path : path.slice(dir.length + 1));
  const settings = files.filter(path =>
    /^(?:config\/(?:secrets\.yml|application\.rb|environments\/production\.rb|initializers\/[^/]+\.rb|credentials[^/]*)|config\/credentials\/[^/]+|bin\/[^/]+|[^/]*entrypoint[^/]*)$/.test(
      below(path),
    ),
  );
  if (settings.some(path => /config\/secrets\.yml$/.test(path))) return undefined;
  // Whoever builds may have the key of the credentials beside them, unless it is kept out of the image.
  const isEncrypted = settings.some(path => /credentials[^/]*\.enc$|credentials\/production/.test(path));
  if (isEncrypted && !keepsOut(service, join(dir, "config/master.key"))) return undefined;
  if (isEncrypted && service.mounts.some(mount => mount.type === "bind")) return undefined;
  const names = /SECRET_KEY_BASE|secret_key_base|secret_token|RAILS_MASTER_KEY/;
  if (settings.some(path => names.test(textOf(stack, path)))) return undefined;
  if (names.test(service.process?.text ?? "")) return undefined;
  return {
    name: "SECRET_KEY_BASE",
    says: isEncrypted
      ? "neither SECRET_KEY_BASE nor the RAILS_MASTER_KEY of its credentials"
      : "no SECRET_KEY_BASE, and the application has no credentials that hold one",
    instead: service.environment
      .filter(({ name }) => /SECRET_KEY_BASE|MASTER_KEY/.test(name))
      .map(({ nameAt }) => evidence(nameAt, "Rails does not read this name")),
  };
}

/** The ignore file of the build names a path, with or without a wildcard. */
function keepsOut({ build, made }: Service, path: string): boolean {
  const { ignore, context } = build ?? made ?? {};
  if (!ignore || context === undefined) return false;
  const inContext =
    context === "" ? path : path.startsWith(`${context}/`) ? path.slice(context.length + 1) : undefined;
  return inContext !== undefined && isIgnored(ignore.rules, inContext).ignored;
}

function laravelKey(stack: Stack, service: Service, dir: string): AbsentKey | undefined {
  const words = (runningCommand(service)?.words ?? []).join(" ");
  if (!/\b(?:php-fpm|php|artisan|apache2-foreground|frankenphp|rr)\b/.test(words) || has(service, "APP_KEY"))
    return undefined;
  const scripts = stack.files.paths.filter(path =>
    /(?:^|\/)(?:[^/]+\.sh|Makefile|Dockerfile[^/]*|[^/]*entrypoint[^/]*)$/.test(path),
  );
  if (scripts.some(path => /key:generate|APP_KEY/.test(textOf(stack, path)))) return undefined;
  const config = textOf(stack, join(dir, "config/app.php"));
  // A key of its own, or one that is read under another name.
  if (!/['"]key['"]\s*=>\s*env\(\s*['"]APP_KEY['"]\s*\)/.test(config)) return undefined;
  return { name: "APP_KEY", says: "no APP_KEY, and no .env comes into its image", instead: [] };
}

function textOf(stack: Stack, path: string): string {
  const read = stack.files.has(path) === "file" ? stack.files.read(path) : undefined;
  return read && "source" in read ? read.source.text : "";
}
