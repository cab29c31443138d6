import type { Severity, Violation } from "../../core/finding.ts";
import { basename } from "../../core/path.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import { itemsOf, textOf } from "../../formats/yaml.ts";
import { evidence, isOptional, listNames, weigh } from "../../stack/query.ts";
import { isLaidBeside, isLaidFlat } from "../../stack/query-laid.ts";
import { isMisplaced } from "../../stack/query-misplaced.ts";
import { madeByScript, oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const fileName =
  /\.(conf|cnf|ya?ml|json|toml|ini|sql|sh|py|[cm]?[jt]s|cfg|xml|properties|php|html|acl|rules|tmpl|template|vcl|lua|tf|rb)$/i;
/** Made on the server: keys, certificates, state, secrets. */
const madeThere =
  /(^|\/)\.env|\.(pem|key|crt|cert|cer|log|sqlite3?|db|sock|pid|htpasswd|env|jwk|p12|jks)$|(^|\/)acme\.json$|secret|credential|(^|\/)(ssl|tls|certs?|certificates|letsencrypt|keys)(\/|$)/i;
/** As clouds name the keys of their accounts: by what they open, or with the key's own number. */
const accountKey = /service[-_]?account|adminsdk|(?:^|[/_-])[0-9a-f]{12,64}\.json$/i;
const production = /prod|deploy|server|live/i;
/** Programs that make the files that others read. */
const writers = new Set<Service["kind"]>(["certificates", "other"]);
/** Directories that a program finds its configuration or first content in. */
const contentDirectory =
  /^\/(etc\/nginx(\/(ssl|certs?|conf\.d|sites-enabled|sites-available|templates|snippets|includes?))?|docker-entrypoint-initdb\.d|etc\/prometheus(\/\w+)?|etc\/grafana\/provisioning(\/.*)?|etc\/traefik(\/\w+)?|etc\/caddy|usr\/share\/nginx\/html)$/;

export default defineRule({
  id: "boot/bind-source",
  title: "Every mounted file and configuration directory is in the repository",
  claim: "boots-healthy",
  severity: "critical",
  why: "Docker makes an empty directory where a bind mount's source is missing: a program that expects a file there does not start.",
  *check(stack) {
    const first = oncePerPlace();
    const groups = new Map<string, Unfound[]>();
    for (const service of worstFirst(stack.services)) {
      if (isMisplaced(stack, service.project)) continue;
      const missing = service.mounts.filter(
        mount => isMissing(stack, mount) && !isUnshown(stack, service, mount) && first(mount.sourceAt),
      );
      if (missing.length === 0) continue;
      const files = missing.filter(mount => isFile(mount) && !isAddition(service, mount));
      // What a profile switches on is set up by who switches it on, unless it is production.
      const optional = isOptional(service) && !service.profiles.some(({ value }) => production.test(value));
      const severity = weigh(service, files.length > 0 && !optional ? "critical" : "medium");
      const folder = folderOf(stack, missing);
      const key = folder === undefined ? `${groups.size}` : `${service.project.files.join("\n")}\n${folder}/`;
      groups.set(key, [...(groups.get(key) ?? []), { service, missing, files, severity }]);
    }
    for (const group of groups.values()) yield told(group);
  },
});

/** What one service mounts and the repository does not have. */
interface Unfound {
  readonly service: Service;
  readonly missing: readonly Mount[];
  readonly files: readonly Mount[];
  readonly severity: Severity;
}

const order: readonly Severity[] = ["critical", "high", "medium", "low"];

function told(group: readonly Unfound[]): Violation {
  const [first, ...more] = group.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const { service, files, severity } = first!;
  const missing = group.flatMap(each => each.missing);
  const services = [service, ...more.map(each => each.service)].map(each => each.name);
  const names = listNames(missing.map(mount => mount.source!));
  const then =
    files.length > 0
      ? `Docker puts an empty directory in place of ${basename(files[0]!.target)}, so the service does not start as it should`
      : "the service starts with an empty directory";
  const [at, ...rest] = missing.map(mount =>
    evidence(mount.sourceAt, `${mount.repositoryPath} does not exist`),
  );
  return {
    subject: service.name,
    message: `${listNames(services)} ${more.length === 0 ? "mounts" : "mount"} ${names}, which ${missing.length === 1 ? "is" : "are"} not in the repository: ${then}.`,
    severity,
    confidence: files.length > 0 ? "certain" : "likely",
    evidence: [at!, ...rest],
  };
}

/** The one folder that all of it lies in and that is not there itself: what is in it is missing with it. */
function folderOf(stack: Stack, missing: readonly Mount[]): string | undefined {
  const folders = new Set(
    missing.map(({ repositoryPath: path = "" }) => {
      const parts = path.split("/");
      const above = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
      return above.find(each => each !== "" && stack.files.has(each) === undefined);
    }),
  );
  return folders.size === 1 ? [...folders][0] : undefined;
}

function isMissing(stack: Stack, mount: Mount): boolean {
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
  return !madeByScript(stack, path) && !isLaidBeside(stack, mount) && !isLaidFlat(stack, mount);
}

/** The pages of an nginx whose sites hand everything on: nobody sees whether there are any. */
function isUnshown(stack: Stack, service: Service, { target }: Mount): boolean {
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

/** Traefik tells in its log what it cannot read of a file provider, and serves what the labels say. */
function isAddition(service: Service, { target }: Mount): boolean {
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
function isFile(mount: Mount): boolean {
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
  const modules = "source" in read ? [...read.source.text.matchAll(/^\s*path\s*=\s*(\S+)/gm)] : [];
  return modules.some(([, module = ""]) => path === module || path.startsWith(`${module}/`));
}
