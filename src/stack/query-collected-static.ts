import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { serverProxies } from "./query-proxy.ts";
import { nginxDirectories } from "./query-served.ts";
import type { SettingsInForce } from "./query-settings.ts";
import type { Mount, ProxyInstance, Service, Stack } from "./stack.ts";

/** Directories that a proxy shares with Django for static files, and that nothing fills. */

export interface EmptyStatic {
  readonly proxy: Service;
  /** Where the proxy serves it. */
  readonly at: Location;
  /** The volume that both have. */
  readonly mount: Mount;
}

/** The shared volume from which static files are served; undefined where somebody collects them, or they lie in the repository. */
export function neverCollected(
  stack: Stack,
  { service }: SettingsInForce,
  url: string,
): EmptyStatic | undefined {
  for (const proxy of serverProxies(stack)) {
    if (proxy.service?.project !== service.project) continue;
    const found = sharedPlace(proxy, service, url);
    if (found) return isCollected(stack, found) ? undefined : found;
  }
  return undefined;
}

function sharedPlace(proxy: ProxyInstance, service: Service, url: string): EmptyStatic | undefined {
  const served = nginxDirectories(proxy).find(each => `${each.url.replace(/\/+$/, "")}/` === url);
  const { path } = served ?? {};
  if (!served || path === undefined || !proxy.service) return undefined;
  const mount = proxy.service.mounts.find(each => path === each.target || path.startsWith(`${each.target}/`));
  const shared = mount?.type === "volume" && service.mounts.some(each => each.source === mount.source);
  return mount && shared ? { proxy: proxy.service, at: served.at, mount } : undefined;
}

const texts =
  /(?:\.(?:sh|bash|ya?ml|json|toml|cfg|md|txt|py|ps1|bat)|Dockerfile[\w.-]*|Makefile|Procfile|justfile|(?:^|\/)[\w-]*(?:entrypoint|start|run|deploy)[\w-]*)$/i;

/** Any file of the repository speaks of it, or has the files. */
function isCollected(stack: Stack, { mount }: EmptyStatic): boolean {
  const folder = `${basename(mount.target)}/admin/`;
  return stack.files.paths.some(path => {
    if (path.includes(folder)) return true;
    if (!texts.test(path) || path.includes("node_modules/")) return false;
    const read = stack.files.read(path);
    return "source" in read && /collect_?static/i.test(read.source.text);
  });
}
