import type { Evidence } from "../../core/finding.ts";
import type { Fix } from "../../core/fix.ts";
import { addHealthcheck, probeTest } from "../../remedies/probe.ts";
import { evidence, gradeOf, listNames, publicPorts, serverServices, weighLack } from "../../stack/query.ts";
import { isComplete } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/healthcheck-present",
  title: "Every application and data store tells whether it serves",
  claim: "health-is-truthful",
  severity: "medium",
  why: "Without a health check a container that hangs counts as running: no release waits for it, no alert tells of it, and nothing that starts after it waits.",
  *check(stack) {
    const services = serverServices(stack).filter(service => isComplete(service) && isServing(service));
    for (const project of stack.projects) {
      const own = services.filter(service => service.project === project);
      for (const service of own)
        if (service.healthcheck?.command)
          yield { subject: service.name, kept: evidence(service.healthcheck.at, "has a health check") };
      // Of what others wait for in vain another rule speaks.
      const silent = own.filter(service => lacksCheck(service) && !isAwaited(service));
      if (silent.length === 0) {
        const door = project.services.find(isSilentDoor);
        if (door)
          yield {
            subject: door.name,
            message: `The front door "${door.name}" has no health check: that it runs is all that Compose knows of it.`,
            severity: "low",
            evidence: [evidence(door.at, "no health check here or in its image")],
            // A monitor that asks the site from outside tells more.
            confidence: "possible",
          };
        continue;
      }
      const have = silent.length === 1 ? "has" : "have";
      yield {
        subject: project.name,
        message: `${listNames(silent.map(service => service.name))} ${have} no health check, so a process that hangs counts as running.`,
        // A hanging data store is rare, and those who ask it notice.
        severity: weighLack(project, silent.some(service => service.kind === "app") ? "medium" : "low"),
        evidence: silent.map(service =>
          evidence(
            service.healthcheck?.at ?? service.at,
            service.healthcheck ? "the health check is switched off" : "no health check here or in its image",
          ),
        ) as [Evidence],
        fix: () => checks(stack, silent),
      };
    }
  },
});

function isAwaited({ name, project }: Service): boolean {
  return project.services.some(({ dependsOn }) =>
    dependsOn.some(each => each.service === name && each.condition === "service_healthy"),
  );
}

/** A health check for each of them that something in its image can ask. */
function checks(stack: Stack, services: readonly Service[]): Fix | undefined {
  const asked = services.flatMap(service => {
    const edit = addHealthcheck(stack, service);
    return edit ? [{ name: service.name, edit }] : [];
  });
  if (asked.length === 0) return undefined;
  const names = asked.map(({ name }) => name);
  return {
    title: `Check the health of ${names.join(", ")}`,
    grade: "needs-testing",
    edits: asked.map(({ edit }) => edit),
    ...(asked.length < services.length ? { partial: true } : {}),
    test: probeTest(names),
  };
}

/** A proxy on the ports of the web that nothing asks, also where a profile has to be named to start it. */
function isSilentDoor(service: Service): boolean {
  return (
    service.kind === "proxy" &&
    gradeOf(service) === "deployed" &&
    publicPorts(service).some(port => port.published === 80 || port.published === 443) &&
    isComplete(service) &&
    lacksCheck(service)
  );
}

/** Something that answers others: applications that listen, data stores, proxies of a built image. */
function isServing(service: Service): boolean {
  if (["database", "cache", "queue", "search"].includes(service.kind)) return true;
  return (
    service.kind === "app" &&
    (listens(service) || service.project.services.some(other => asks(other, service)))
  );
}

const workers =
  /^(celery (?!.*\bflower\b)|rq |rqworker|dramatiq|huey_consumer|arq |bundle exec sidekiq|sidekiq|taskiq (worker|scheduler))|\bartisan (queue:work|schedule:work|horizon)\b|\bmanage\.py (celery|rqworker|qcluster)\b/;

/** What serves others, among the words of a command that Compose gives in the place of the image's own. */
const servers =
  /\b(?:gunicorn|uvicorn|hypercorn|daphne|granian|waitress|uwsgi|flask|runserver|php-fpm|apache2|httpd|nginx|caddy|frankenphp|octane|reverb|puma|unicorn|rails|thrust|node|npm|pnpm|yarn|bun|deno|next|java|dotnet|(?:http|web)?serve[rs]?)\b/;

/** A port that a worker has from the image of its server is not one that it listens on. */
function listens(service: Service): boolean {
  if (service.ports.length > 0) return true;
  const command = service.process?.argv.map(word => word.value ?? "").join(" ") ?? "";
  if (workers.test(`${command} `)) return false;
  if (service.get("expose") || isAddressed(service)) return true;
  if (!service.model || service.model.exposes.length === 0) return false;
  const said = `${service.process?.text ?? ""} ${command}`;
  return (
    (!service.command && !service.entrypoint) || servers.test(said) || said.includes(ownCommand(service))
  );
}

/** Traefik or a proxy that reads variables is told to send visitors there. */
function isAddressed({ labels, environment }: Service): boolean {
  return (
    labels.some(({ name }) => /^traefik\.http\.(?:routers|services)\./.test(name)) ||
    environment.some(({ name }) => name === "VIRTUAL_HOST")
  );
}

/** What the image starts by itself: Compose may put a migration before it. */
function ownCommand({ model }: Service): string {
  const words = [...(model?.entrypoint?.words ?? []), ...(model?.cmd?.words ?? [])];
  return words.map(word => word.value ?? "?").join(" ") || "?";
}

/** An image of a system without a command of its own, which ends when its shell has nothing to do, serves nobody. */
function asks(other: Service, service: Service): boolean {
  if (!service.process && service.facts?.kind === "base") return false;
  // A migration that is started after a program asks it for nothing.
  return !other.oneShot && other.dependsOn.some(edge => edge.service === service.name);
}

/** Undefined facts mean that the image may well bring a check. */
function lacksCheck(service: Service): boolean {
  // A worker that switches off the check of the web server's image, of which it has the ports, is right to do so.
  if (service.healthcheck) return service.healthcheck.disabled && service.ports.length > 0;
  return !service.get("healthcheck", "test") && service.facts?.healthcheck === false;
}
