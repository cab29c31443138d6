import { basename } from "../../core/path.ts";
import { addToService } from "../../remedies/service-edit.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { componentReads, isMentioned } from "../../stack/query-environment.ts";
import { oncePerPlace, placeOf, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/first-process",
  title: "A Node.js program that is the first process hears that it should stop",
  claim: "stops-gracefully",
  severity: "low",
  why: "The kernel drops signals that the first process of a container has no handler for: every stop and every release waits ten seconds and then kills it.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const command = service.process;
      if (!command || !isAlone(service) || !isDeaf(stack, service) || !first(command.at)) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" runs node as the first process of its container, and nothing in its code handles SIGTERM: it goes on until it is killed ten seconds later.`,
        severity: weigh(service, "low"),
        // A package may install a handler that its name does not tell.
        confidence: "likely",
        evidence: [evidence(placeOf(command.argv), "the first process, without a handler")],
        fix: () => {
          const edit = addToService(stack, service, ["init: true"]);
          return (
            edit && {
              title: `Give ${service.name} a first process that hands signals on`,
              grade: "needs-testing",
              edits: [edit],
              test: `Run \`docker compose up -d\` and \`docker compose stop ${service.name}\`: it ends at once in place of after ten seconds.`,
            }
          );
        },
      };
    }
  },
});

/** `node file`, in exec form, with nothing in front of it: node is process 1. */
function isAlone(service: Service): boolean {
  const { process, model } = service;
  if (process?.form !== "exec" || service.get("init") || service.get("stop_signal")) return false;
  const entry = service.entrypoint ?? model?.entrypoint;
  // The entry point of Docker's own Node image replaces itself with the command.
  if (entry && (entry.form !== "exec" || basename(entry.words[0]?.value ?? "?") !== "node")) return false;
  if (service.get("pid") || model?.stopsignal !== undefined) return false;
  const words = process.words.map(word => word.value);
  return basename(words[0] ?? "") === "node" && words.slice(1).every(word => word !== undefined);
}

const servers = new Set<AppComponent["kind"]>(["express", "fastify", "koa", "hono"]);
/** Packages that handle the signal themselves, or may. */
const handlers =
  /graceful|terminus|lightship|stoppable|close-with-grace|exit-hook|signal-exit|^death$|terminator|node-cleanup|shutdown|apollo|^@?prisma|^pm2$|^next$|^nuxt|strapi|^@nestjs|opentelemetry|elastic-apm|dd-trace|newrelic|^@google-cloud|puppeteer|playwright/;

/** The whole program was read, and neither it nor a package that it names knows of the signal. */
function isDeaf(stack: Stack, service: Service): boolean {
  const { component } = service;
  if (!component?.package || !servers.has(component.kind)) return false;
  if (!componentReads(stack, component).complete) return false;
  if ([...component.package.dependencies].some(({ name }) => handlers.test(name))) return false;
  return !["SIGTERM", "SIGINT"].some(name => isMentioned(stack, component, name));
}
