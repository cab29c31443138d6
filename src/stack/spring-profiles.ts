import { settingsIn } from "../artifacts/settings-file.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { environmentText } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

const option = /(?:^|\s)(?:-D|--)spring\.profiles\.active[=\s]([\w,.-]+)/;
const javaOptions = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "JAVA_OPTIONS"];

/**
 * The profiles that a Spring service runs with, the later ones win: by its command, by a variable, or by its own
 * `application` file among `paths`. None where nothing names one.
 */
export function springProfiles(stack: Stack, service: Service, paths: readonly string[]): string[] {
  const words = (service.process?.commands ?? []).flat().map(word => word.value ?? "");
  const options = javaOptions.map(name => environmentText(service, name) ?? "");
  const named =
    option.exec([...words, ...options].join(" "))?.[1] ??
    service.scripted?.get("SPRING_PROFILES_ACTIVE") ??
    environmentText(service, "SPRING_PROFILES_ACTIVE") ??
    ownProfile(stack, service, paths);
  return (named ?? "").split(/[\s,]+/).filter(Boolean);
}

/** `spring.profiles.active: ${PROFILE:prod}` in the file that is always read. */
function ownProfile(stack: Stack, service: Service, paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const source = /^application\.(?:properties|ya?ml)$/.test(basename(path)) && sourceOf(stack, path);
    const found = source && settingsIn(source).find(each => each.path.join(".") === "spring.profiles.active");
    if (!found) continue;
    const [, name, fallback] = /^\$\{([\w.-]+)(?::(.*))?\}$/.exec(found.value) ?? [];
    return name === undefined ? found.value : (environmentText(service, name) ?? fallback);
  }
  return undefined;
}
