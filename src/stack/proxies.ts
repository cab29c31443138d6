import { basename, dirname, inside } from "../core/path.ts";
import type { Gap } from "../core/problem.ts";
import type { Source } from "../core/source.ts";
import { effectiveNginx, type NginxContainer, standaloneNginx } from "./proxy/effective.ts";
import { containerFile, variable } from "./query.ts";
import { throughMount } from "./resolve/endpoints.ts";
import type { ProxyInstance, Service, Stack } from "./stack.ts";

/**
 * Every nginx of the stack with the configuration it really runs with; then the files that no service uses. `read` gives
 * a file of the repository under any name and keeps its text for evidence.
 */
export function linkProxies(
  stack: Stack,
  standalone: readonly Source[],
  read: (path: string) => Source | undefined,
): ProxyInstance[] {
  const proxies: ProxyInstance[] = [];
  for (const service of stack.services) {
    if (!runsNginx(service)) continue;
    const effective = effectiveNginx(nginxContainer(stack, service, read));
    if (effective.files.length > 0) proxies.push({ service, files: effective.files, effective });
  }
  const used = new Set(proxies.flatMap(proxy => proxy.files));
  for (const source of standalone) {
    if (used.has(source.path)) continue;
    const effective = standaloneNginx(source);
    if (effective.servers.length > 0) proxies.push({ files: [source.path], effective });
  }
  return proxies;
}

/** What an nginx would include that nobody can see. */
export function proxyGaps(proxies: readonly ProxyInstance[]): Gap[] {
  return proxies.filter(proxy => proxy.service).flatMap(proxy => proxy.effective.gaps);
}

function runsNginx(service: Service): boolean {
  // An image that the repository itself builds and that is pulled here starts from nginx as well.
  const family = service.facts?.family ?? service.model?.base?.family ?? service.imageRef?.family ?? "";
  return /(^|\/)nginx(-unprivileged)?$|openresty/.test(family) || service.process?.program?.value === "nginx";
}

function nginxContainer(
  stack: Stack,
  service: Service,
  read: (path: string) => Source | undefined,
): NginxContainer {
  const words = service.process?.argv.map(word => word.value) ?? [];
  const option = words.indexOf("-c");
  const main = option > 0 && words[0]?.endsWith("nginx") ? words[option + 1] : undefined;
  return {
    containerPath: main?.startsWith("/") ? main : "/etc/nginx/nginx.conf",
    rendered: renderedBy(service),
    read: path => {
      const file = containerFile(stack, service, path).repositoryPath;
      if (file === undefined || file === "" || stack.files.has(file) !== "file") return undefined;
      const source = read(file);
      return source && { source, file };
    },
    glob: pattern => glob(stack, service, pattern),
    knows: path => containerFile(stack, service, path).has !== "unknown",
    environment: name => variable(service, name)?.value?.text,
  };
}

/** `envsubst [names] < TEMPLATE > FILE` in the command line: FILE is made when the container starts. */
function renderedBy({ process }: Service): ReadonlyMap<string, string> {
  const said = (process?.words ?? []).map(word => word.value ?? "").join(" ");
  const found = said.matchAll(/\benvsubst\b[^|&;<>]*<\s*(\/\S+)\s*>\s*(\/[^\s;&|"']+)/g);
  return new Map([...found].map(([, template = "", made = ""]) => [made, template]));
}

/** Container paths below one directory that match a pattern in the last part. */
function glob(stack: Stack, service: Service, pattern: string): string[] {
  const directory = dirname(pattern);
  if (directory.includes("*")) return [];
  const expression = new RegExp(
    `^${basename(pattern)
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, "[^/]*")
      .replace(/\?/g, "[^/]")}$`,
  );
  const names = new Set<string>();
  for (const mount of service.mounts) {
    const rest = inside(directory, mount.target);
    if (rest && !rest.includes("/")) names.add(rest);
    const repository = throughMount(mount, directory);
    if (repository !== undefined) for (const name of stack.files.list(repository)) names.add(name);
  }
  for (const path of service.model?.list(directory) ?? []) names.add(basename(path));
  return [...names].filter(name => expression.test(name)).map(name => `${directory}/${name}`);
}
