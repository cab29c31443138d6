import type { Call } from "../artifacts/commands.ts";
import { serverServices } from "./query.ts";
import { startText } from "./query-certificates.ts";
import { mainScript } from "./query-main-script.ts";
import { createsContainer } from "./query-scripts.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** Programs that read a mounted configuration once, and the commands that make them read it again. */

export interface ConfigReader {
  readonly service: Service;
  /** A file of the repository, or a directory that is there. */
  readonly mount: Mount;
}

const families = /(?:^|\/)(?:nginx|nginx-unprivileged|caddy|haproxy|traefik)$/;
/** Of Traefik the static file: the others it watches. */
const places =
  /^(?:\/etc\/traefik)?\/traefik\.(?:ya?ml|toml)$|^\/etc\/(?:nginx|caddy)(?:\/|$)|^\/usr\/local\/etc\/haproxy(?:\/|$)|^\/opt\/bitnami\/nginx\/conf(?:\/|$)/;
/** Templates are filled in at the start, certificates and pages are not configuration. */
const others = /\/(?:certs?|ssl|tls|html|templates|sites)(?:\/|$)|\.(?:pem|crt|key|htpasswd|html)$/i;

/** Front doors that are pulled as they are, each with the first configuration of the repository that it mounts. */
export function configReaders(stack: Stack): ConfigReader[] {
  return serverServices(stack).flatMap(service => {
    if (service.build || !families.test(service.imageRef?.family ?? "")) return [];
    // A loop beside the program, also in a script of the repository that starts it, or `caddy run --watch`.
    const started = `${startText(service)}\n${mainScript(stack, service)?.script.fragment.text ?? ""}`;
    if (/reload|--watch|\bHUP\b/.test(started)) return [];
    const mount = service.mounts.find(
      each =>
        each.type === "bind" &&
        each.repositoryPath !== undefined &&
        (each.exists === "file" || (each.exists === "directory" && each.repositoryPath !== "")) &&
        places.test(each.target) &&
        !others.test(each.target),
    );
    return mount ? [{ service, mount }] : [];
  });
}

/** `nginx -s reload`, `caddy reload`, `kill -HUP`. */
export function rereads(call: Call): boolean {
  return call.args.some(({ value }) => /^(?:reload|-?(?:SIG)?HUP)$|\breload\b/.test(value ?? ""));
}

const endings = new Set(["down", "stop", "rm", "kill", "restart"]);

/** The container of a service is started again, or may be. */
export function renewsContainer(call: Call, service: Service): boolean {
  if (call.kind === "compose") {
    const names = call.services.map(({ value }) => value);
    const meant = names.length === 0 || names.includes(undefined) || names.includes(service.name);
    const renews = endings.has(call.subcommand ?? "down") || (call.subcommand === "up" && call.forceRecreate);
    return meant && renews;
  }
  if (call.kind === "docker") {
    const verb = call.verb.replace(/^container /, "");
    if (!endings.has(verb)) return /^(?:stack|service|swarm)\b/.test(call.verb);
    return call.operands.some(
      ({ value }) => value === undefined || createsContainer(service, value) !== false,
    );
  }
  return call.kind === "tool" && /^(?:systemctl|service|reboot)$/.test(call.name);
}

/** What git had of the repository is replaced by what has been pushed. */
export function pulls(call: Call): boolean {
  const [verb, ...rest] = call.args.filter(({ word }) => !word.text.startsWith("-"));
  if (call.kind !== "tool" || call.name !== "git") return false;
  if (/^(?:pull|reset|merge)$/.test(verb?.value ?? "")) return true;
  // A commit that is named from outside; a branch alone stands where it stood.
  const isWhole = rest.length === 1 && !call.args.some(({ word }) => word.text === "--");
  return verb?.value === "checkout" && isWhole && /^["']?\$|^origin\/|^FETCH_HEAD$/.test(rest[0]!.word.text);
}

/** It brings a new version of this path: from git, or in a copy of it or of what it lies in. */
export function bringsConfig(call: Call, path: string): boolean {
  if (call.kind !== "remote-copy") return pulls(call);
  const left = call.args.some(({ value }, index) => {
    const pattern = /^--exclude(?:=(.+))?$/.exec(value ?? "");
    const name = pattern && (pattern[1] ?? call.args[index + 1]?.value);
    return pattern && (!name || path.split("/").includes(name.replace(/^[./]+|\/$/g, "")));
  });
  if (call.direction !== "upload" || left) return false;
  return call.sources.some(({ value }) => {
    const source = value?.replace(/^\.\/|\/?\*?$/g, "");
    return source === "" || source === "." || (source && (path === source || path.startsWith(`${source}/`)));
  });
}
