import { basename, inside } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { NginxDirective } from "../formats/nginx.ts";
import { itemsOf, textOf } from "../formats/yaml.ts";
import { isLaidBeside, isLaidFlat } from "./query-laid.ts";
import { isWrittenByHand, madeByScript } from "./query-process.ts";
import { migrates } from "./query-release.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** Sources of bind mounts that the repository does not have, and that nothing brings. */

const fileName =
  /\.(conf|cnf|ya?ml|json|toml|ini|sql|sh|py|[cm]?[jt]s|cfg|xml|properties|php|html|acl|rules|tmpl|template|vcl|lua|tf|rb)$/i;
/** Made on the server: keys, certificates, state, secrets. */
const madeThere =
  /(^|\/)\.env|\.(pem|key|crt|cert|cer|log|sqlite3?|db|sock|pid|htpasswd|env|jwk|p12|jks)$|(^|\/)acme\.json$|secret|credential|(^|\/)(creds?|ssl|tls|certs?|certificates|letsencrypt|keys)(\/|$)/i;
/** As clouds name the keys of their accounts: by what they open, or with the key's own number. */
const accountKey = /service[-_]?account|adminsdk|(?:^|[/_-])[0-9a-f]{12,64}\.json$/i;
/** Programs that make the files that others read. */
const writers = new Set<Service["kind"]>(["certificates", "other"]);
/** Directories that a program finds its configuration or first content in. */
const contentDirectory =
  /^\/(etc\/nginx(\/(ssl|certs?|conf\.d|sites-enabled|sites-available|templates|snippets|includes?))?|docker-entrypoint-initdb\.d|etc\/prometheus(\/\w+)?|etc\/grafana\/provisioning(\/.*)?|etc\/traefik(\/\w+)?|etc\/caddy|usr\/share\/nginx\/html)$/;

/** The first folder of a path that is not there: what is in it is missing with it. */
export function goneFolder(stack: Stack, path = ""): string | undefined {
  const parts = path.split("/");
  const above = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
  return above.find(each => each !== "" && stack.files.has(each) === undefined);
}

/** The one folder that all of it lies in and that is not there itself. */
export function folderOf(stack: Stack, missing: readonly Mount[]): string | undefined {
  const folders = new Set(missing.map(({ repositoryPath }) => goneFolder(stack, repositoryPath)));
  return folders.size === 1 ? [...folders][0] : undefined;
}

/** A Dockerfile of the project is looked for in the same folder, which is not there: told as that. */
export function isGoneWithBuild(stack: Stack, service: Service, mount: Mount): boolean {
  const folder = folderOf(stack, [mount]);
  return (
    folder !== undefined &&
    service.project.services.some(
      ({ build }) =>
        build?.dockerfileState === "absent" && inside(folder, build.dockerfilePath ?? "") !== undefined,
    )
  );
}

export function isMissing(stack: Stack, mount: Mount): boolean {
  const path = mount.repositoryPath;
  if (mount.type !== "bind" || mount.exists !== "absent" || !path) return false;
  if (!isFile(mount) && !contentDirectory.test(mount.target)) return false;
  if (
    madeThere.test(path) ||
    accountKey.test(path) ||
    stack.files.ignored(path) ||
    stack.files.ignored(`${path}/x`)
  )
    return false;
  if (isFilled(stack, path)) return false;
  if (hasTemplate(stack, path) || inSubmodule(stack, path)) return false;
  if (isWrittenByHand(stack, path)) return false;
  return !madeByScript(stack, path) && !isLaidBeside(stack, mount) && !isLaidFlat(stack, mount);
}

/** The pages of an nginx whose sites hand everything on: nobody sees whether there are any. */
export function isUnshown(stack: Stack, service: Service, { target }: Mount): boolean {
  const effective = stack.proxies.find(proxy => proxy.service === service)?.effective;
  if (target !== "/usr/share/nginx/html" || !effective || effective.gaps.length > 0) return false;
  return (
    effective.servers.every(({ locations }) =>
      locations.some(({ path, modifier }) => path.value === "/" && modifier === ""),
    ) && !showsFiles(effective.tree)
  );
}

function showsFiles(tree: readonly NginxDirective[]): boolean {
  return tree.some(
    ({ name, block }) => /^(?:root|alias|try_files|index)$/.test(name.value) || showsFiles(block ?? []),
  );
}

/** Redis reads the configuration that its command names, as its first argument, and no other. */
export function isUnread({ facts, process }: Service, { target }: Mount): boolean {
  const words = process?.words ?? [];
  const first = words.findIndex(word => /(?:^|\/)(?:redis|valkey)-server$/.test(word.value ?? "")) + 1;
  return (
    /^(?:redis|valkey)$/.test(facts?.family ?? "") &&
    !words.some((word, index) =>
      word.value === undefined ? first === 0 || index === first : word.value.includes(target),
    )
  );
}

/** Nothing of the folder is read: the main file of nginx, which is mounted too, includes none of it. */
export function isNotIncluded(stack: Stack, { mounts }: Service, { target }: Mount): boolean {
  const own = /^\/etc\/nginx\/(conf\.d|sites-enabled|sites-available|snippets|includes?)$/.exec(target)?.[1];
  const main = mounts.find(mount => mount.target === "/etc/nginx/nginx.conf")?.repositoryPath;
  const text = own === undefined || !main ? undefined : sourceOf(stack, main)?.text;
  return text !== undefined && !text.includes(own!);
}

/** Scripts for the first start of a database whose schema migrations make: none is needed. */
export function isSpare(stack: Stack, { target }: Mount): boolean {
  return target === "/docker-entrypoint-initdb.d" && stack.calls.some(({ call }) => migrates(call));
}

/** The proxy that asks the engine for its sites writes their configuration, and serves no pages but its helper's. */
export function isOfItsOwn({ imageRef }: Service, { target }: Mount): boolean {
  return (
    /(?:^|\/)(?:nginx-proxy|(?:docker-)?letsencrypt-nginx-proxy-companion|acme-companion)$/.test(
      imageRef?.name ?? "",
    ) && /^\/(?:etc\/nginx\/(?:conf\.d|vhost\.d|certs)|usr\/share\/nginx\/html)$/.test(target)
  );
}

/** The script that the container starts: that it is not there is told as that. */
export function isStartedItself({ entrypoint, process }: Service, { target }: Mount): boolean {
  const starts = [...(entrypoint?.words ?? []).slice(0, 2), ...(process?.argv ?? []).slice(0, 2)];
  return /\.(?:sh|py|[cm]?js|rb|pl|php)$/.test(target) && starts.some(({ value }) => value === target);
}

/** Traefik tells in its log what it cannot read of a file provider, and serves what the labels say. */
export function isAddition(service: Service, { target }: Mount): boolean {
  const named = `--providers.file.filename=${target}`;
  return itemsOf(service.get("command")).some(item => textOf(item)?.value === named);
}

/** Another program writes it, such as a client of a certificate authority. */
function isFilled(stack: Stack, path: string): boolean {
  return stack.services.some(
    other =>
      writers.has(other.kind) && other.mounts.some(mount => mount.repositoryPath === path && !mount.readOnly),
  );
}

/** Both ends have a file's name: `./nginx.conf:/etc/nginx/nginx.conf`. */
export function isFile(mount: Mount): boolean {
  return fileName.test(basename(mount.target)) && fileName.test(basename(mount.repositoryPath ?? ""));
}

/** A template beside it says that everybody makes their own: `nginx.conf.example`, `config.sample.yml`. */
function hasTemplate(stack: Stack, path: string): boolean {
  const stem = path.replace(/\.[^./]+$/, "");
  const extension = path.slice(stem.length);
  return ["example", "sample", "dist", "template", "tmpl", "default", "tpl"].some(
    word =>
      stack.files.has(`${path}.${word}`) ||
      stack.files.has(`${stem}.${word}${extension}`) ||
      stack.files.has(`${stem}-${word}${extension}`) ||
      stack.files.has(`${path}-${word}`),
  );
}

function inSubmodule(stack: Stack, path: string): boolean {
  if (stack.files.has(".gitmodules") !== "file") return false;
  const read = stack.files.read(".gitmodules");
  const modules = "source" in read ? [...read.source.text.matchAll(/^[ \t]*path\s*=\s*(\S+)/gm)] : [];
  return modules.some(([, module = ""]) => path === module || path.startsWith(`${module}/`));
}
