import { type DjangoProject, djangoSettings } from "../artifacts/django.ts";
import type { DjangoSettings } from "../artifacts/django-settings.ts";
import { concrete, entryOf } from "../artifacts/value.ts";
import type { Job, Workflow, WorkflowContainer } from "../artifacts/workflow-model.ts";
import type { Location } from "../core/source.ts";
import { isTest, wordsOf } from "./query-release.ts";
import { settingsInForce } from "./query-settings.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** On which database a pipeline tests a Django program, where its command or environment names the settings. */

export interface Engine {
  /** `sqlite3`, `postgresql`, `mysql`... */
  readonly name: string;
  readonly at: Location;
}

export interface DatabaseTest {
  readonly placed: PlacedCall;
  readonly workflow: Workflow;
  readonly job: Job;
  readonly engine: Engine;
}

/** The engine of the default database in these settings when nothing is set; undefined when it cannot be told. */
function engineOf(settings: DjangoSettings | undefined): Engine | undefined {
  const value = entryOf(settings?.values.get("DATABASES"), "default", "ENGINE");
  const text = value && concrete(value, () => null);
  if (!value || typeof text !== "string") return undefined;
  return { name: text.slice(text.lastIndexOf(".") + 1), at: value.at };
}

/** The engine that a deployed service of a project uses. */
export function deployedEngine(stack: Stack): Engine | undefined {
  for (const { settings } of settingsInForce(stack)) {
    const engine = engineOf(settings);
    if (engine) return engine;
  }
  // Without a service that runs it, the settings that manage.py names are what is deployed.
  const project = stack.components.find(component => component.django);
  const module = project?.django?.defaultModule?.value;
  return project && module ? engineOf(djangoSettings(project.files, project.django!, module)) : undefined;
}

const named = /(?:^|\s)(?:--settings|--ds)[= ]([\w.]+)/;

/** Runs of tests in pipelines whose settings module is named, with the database of those settings. */
export function databaseTests(stack: Stack): DatabaseTest[] {
  const component = stack.components.find(each => each.django);
  const project: DjangoProject | undefined = component?.django;
  if (!component || !project) return [];
  const engines = new Map<string, Engine | undefined>();
  return stack.workflows.flatMap(workflow =>
    workflow.jobs.flatMap(job =>
      job.steps.flatMap(step =>
        step.calls.flatMap(call => {
          const words = wordsOf(call);
          if (!isTest(words)) return [];
          const module =
            named.exec(words)?.[1] ??
            [step.env, job.env, workflow.env]
              .map(env => env.get("DJANGO_SETTINGS_MODULE")?.value)
              .find(Boolean);
          if (!module) return [];
          if (!engines.has(module))
            engines.set(module, engineOf(djangoSettings(component.files, project, module)));
          const engine = engines.get(module);
          const placed = stack.calls.find(each => each.call === call);
          return engine && placed ? [{ placed, workflow, job, engine }] : [];
        }),
      ),
    ),
  );
}

/** What a container of a job would be connected to by. */
export function databaseContainers(job: Job): WorkflowContainer[] {
  return job.services.filter(({ image }) => /postg|timescale|mysql|mariadb/i.test(image?.value ?? ""));
}
