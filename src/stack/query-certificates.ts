import type { NginxServer } from "../artifacts/nginx-model.ts";
import { inside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Located, Location } from "../core/source.ts";
import { tlsServers } from "./proxy/effective.ts";
import { effectiveDirective } from "./proxy/inherit.ts";
import { gradeOf } from "./query.ts";
import type { Mount, ProxyInstance, Service, Stack } from "./stack.ts";

/** Questions about certificates: who needs which file, and who makes it. */

/** A certificate file that a TLS server names. */
export interface NeededCertificate extends Located<string> {
  readonly server: NginxServer;
  /** What is mounted where the file is looked for. */
  readonly mount?: Mount;
}

export function neededCertificates(proxy: ProxyInstance): NeededCertificate[] {
  return tlsServers(proxy.effective).flatMap(({ server }) => {
    const arg = effectiveDirective(server, "ssl_certificate")?.args[0];
    if (!arg) return [];
    const mount = proxy.service?.mounts
      .filter(each => inside(each.target, arg.value) !== undefined)
      .sort((a, b) => b.target.length - a.target.length)[0];
    return [{ value: arg.value, at: arg.at, server, ...(mount ? { mount } : {}) }];
  });
}

/** The services of a project that run certbot and write into what is mounted. */
export function certbotsFor(service: Service, mount: Mount): Service[] {
  return service.project.services.filter(
    other =>
      other !== service &&
      (other.kind === "certificates" || /certbot/.test(other.imageRef?.family ?? "")) &&
      other.mounts.some(each => each.type === mount.type && sameSource(each, mount)),
  );
}

/** Two mounts show the same volume or folder. */
export function sameSource(one: Mount, other: Mount): boolean {
  return one.repositoryPath !== undefined
    ? one.repositoryPath === other.repositoryPath
    : one.source !== undefined && one.source === other.source;
}

/** What a service is told to run, in one text. */
export function startText(service: Service): string {
  return `${service.entrypoint?.text ?? ""} ${service.command?.text ?? ""}`;
}

/** A start script or an image of its own may do anything before nginx runs. */
export function startsByScript(service: Service): boolean {
  if (service.build) return true;
  if (service.mounts.some(mount => mount.target.startsWith("/docker-entrypoint"))) return true;
  return /\.sh\b/.test(startText(service));
}

/** Whether any script, Makefile or workflow says words that match. */
export function isSaidInScripts(
  stack: Stack,
  words: RegExp,
  counts: (text: string) => boolean = () => true,
): boolean {
  const files = [
    ...stack.scripts.map(script => script.file),
    ...stack.makefiles.map(makefile => makefile.file),
    ...stack.workflows.map(workflow => workflow.file),
  ];
  return files.some(file => {
    const text = sourceOf(stack, file)?.text ?? "";
    return words.test(text) && counts(text);
  });
}

/** Puts the first certificate in place, and does nothing for those that follow. */
export function onlyFetches(text: string): boolean {
  return /\bcertonly\b/.test(text) && !/\brenew\b|\bcron(?:tab)?\b|hook/.test(text);
}

/** The path below the root that a script's argument names, when it is one. */
export function repositoryPathOf(cwd: string | undefined, value: string | undefined): string | undefined {
  if (cwd === undefined || value === undefined || /^[~/]/.test(cwd) || /^[~/]/.test(value)) return undefined;
  return join(cwd, value);
}

/** Where scripts run certbot in a container to get a certificate, and where they run it to renew one. */
export function certbotRuns(stack: Stack): { asked: Location[]; renewed: Location[] } {
  const runs = stack.calls.filter(({ call, caller }) => {
    if (caller.kind === "workflow") return false;
    const words = call.args.map(arg => arg.value ?? "");
    if (call.kind === "docker-run") return words.some(word => /^certbot\/[\w-]+(?::|$)/.test(word));
    return call.kind === "compose" && call.subcommand === "run" && words.includes("certbot");
  });
  const places = (word: string) =>
    runs.flatMap(({ call }) => (call.args.some(arg => arg.value === word) ? [call.at] : []));
  return { asked: places("certonly"), renewed: places("renew") };
}

const timer =
  /\bcron(?:tab|\.d|\.daily|\.weekly)?\b|\.timer\b|systemctl\s+enable[^\n]*(?:cron|certbot)|supercronic|ofelia/i;

/** A service renews in a loop, another program than certbot does it, or a schedule of the repository runs something. */
export function isRenewedAlone(stack: Stack): boolean {
  const started = stack.services.some(
    service =>
      gradeOf(service) !== "development" &&
      (/\bcertbot renew\b/.test(startText(service)) ||
        /acme|letsencrypt|cron|ofelia|swag|traefik|caddy/i.test(
          `${service.image?.raw ?? ""} ${service.name}`,
        )),
  );
  if (started) return true;
  const files = [...stack.scripts, ...stack.makefiles, ...stack.workflows].map(({ file }) => file);
  // Any schedule may be the one: what it runs is often a variable. A comment that shows one makes none.
  return (
    files.some(file => timer.test((sourceOf(stack, file)?.text ?? "").replace(/^[ \t]*#.*$/gm, ""))) ||
    stack.workflows.some(
      ({ source }) => /^[ \t]*schedule:/m.test(source.text) && /certbot|renew/i.test(source.text),
    ) ||
    stack.files.paths.some(path =>
      /\.(?:timer|cron)$|(?:^|\/)crontabs?(?:\/|$)|(?:^|\/)cron\.(?:d|daily)\//.test(path),
    )
  );
}

/** A page of instructions has these words. */
export function isOnPage(stack: Stack, words: RegExp): boolean {
  return [...stack.kinds].some(
    ([path, kind]) => kind === "runbook" && words.test(sourceOf(stack, path)?.text ?? ""),
  );
}

/** Its command renews, and no script that is not here does more. */
export function renews(certbot: Service): boolean {
  return !certbot.build && /\brenew\b/.test(startText(certbot)) && !/\.sh\b/.test(startText(certbot));
}
