import type { Located } from "../../core/source.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, variable, weigh } from "../../stack/query.ts";
import { isAbsentModule } from "../../stack/query-django.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/settings-module",
  title: "The settings module that Django is told to use exists",
  claim: "boots-healthy",
  severity: "critical",
  why: "Django stops with ModuleNotFoundError before it serves a request or runs a migration.",
  *check(stack) {
    const first = oncePerPlace();
    const told = new Set<AppComponent>();
    for (const service of worstFirst(stack.services)) {
      const { component } = service;
      const set = variable(service, "DJANGO_SETTINGS_MODULE");
      if (!component?.django || !set) continue;
      told.add(component);
      const named = set.value?.text;
      if (!named || !isAbsentModule(stack, component, named) || !first(set.at)) continue;
      if (service.mounts.some(mount => mount.target.endsWith(`${named.split(".").at(-1)}.py`))) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" is told to use the settings module ${named}, which does not exist: Django does not start.`,
        severity: weigh(service, "critical"),
        evidence: [evidence(set.at, `no file of the repository is ${named}`)],
      };
    }
    for (const workflow of stack.workflows)
      for (const job of workflow.jobs)
        for (const settings of [workflow.env, job.env, ...job.steps.map(step => step.env)])
          for (const named of namesIn(settings)) {
            const projects = stack.components.filter(each => each.django);
            if (!projects.every(each => isAbsentModule(stack, each, named.value)) || projects.length === 0)
              continue;
            if (!first(named.at)) continue;
            yield {
              subject: `${workflow.file} ${job.id.value}`,
              message: `The workflow ${workflow.file} tells Django to use the settings module ${named.value}, which does not exist.`,
              severity: "high",
              evidence: [evidence(named.at, `no file of the repository is ${named.value}`)],
            };
          }
  },
});

function namesIn(settings: ReadonlyMap<string, Located<string>>): Located<string>[] {
  const named = settings.get("DJANGO_SETTINGS_MODULE");
  return named && /^[\w.]+$/.test(named.value) ? [named] : [];
}
