import type { DjangoSettings } from "../artifacts/django-settings.ts";
import type { EnvRead } from "../artifacts/env-reads.ts";
import { envUses } from "../artifacts/value.ts";
import { isSecretName } from "../formats/secret.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { componentReads } from "../stack/query-environment.ts";
import type { Stack } from "../stack/stack.ts";
import { documentedVariables } from "./documented-variables.ts";

/** Values with which settings load in a build, for variables that have none: they say nothing and go nowhere. */
export function settingPlaceholders(
  stack: Pick<Stack, "files" | "envFiles">,
  component: AppComponent,
  settings: DjangoSettings,
): (readonly [string, string])[] {
  const required = new Set<string>();
  for (const read of componentReads(stack, component).reads)
    if (settings.files.includes(read.at.file) && isNeeded(read.name, read.required || hasSecret(read)))
      required.add(read.name);
  for (const value of settings.values.values())
    for (const use of envUses(value))
      for (const name of use.names) if (isNeeded(name, use.required)) required.add(name);
  // The key of settings that take whatever begins with a prefix.
  for (const name of documentedVariables(stack, [component]).keys())
    if (isNeeded(name, false)) required.add(name);
  required.delete("DJANGO_SETTINGS_MODULE");
  return [...required].sort().map(name => [name, placeholder(name)] as const);
}

/** A literal that stands in for a secret: it goes one day, and the build should not break then. */
function hasSecret({ name, default: literal }: EnvRead): boolean {
  return literal !== undefined && literal.value !== "" && isSecretName(name);
}

/** Django itself refuses an empty key, whatever the settings do. */
function isNeeded(name: string, required: boolean): boolean {
  return (required || /SECRET_KEY$/.test(name)) && !/DSN$/.test(name);
}

function placeholder(name: string): string {
  if (/DATABASE_URL|DB_URL|POSTGRES_URL/.test(name)) return "postgresql://build:build@localhost/build";
  if (/(REDIS|BROKER|CACHE|CELERY).*(URL|BACKEND)|RESULT_BACKEND/.test(name)) return "redis://localhost/0";
  if (/AMQP/.test(name)) return "amqp://localhost";
  if (/(URL|ORIGINS?|DSN)$/.test(name)) return "http://localhost";
  if (
    /(PORT|TIMEOUT|SECONDS|MINUTES|HOURS|DAYS|SIZE|COUNT|LIMIT|MAX\w*|MIN\w*|AGE|DB|ID|LIFETIME)$/.test(name)
  )
    return "1";
  if (/^(DJANGO_)?(DEBUG|USE_\w+|ENABLE_\w+|IS_\w+)$|_(ENABLED|TLS|SSL|SECURE)$/.test(name)) return "0";
  if (/LOG_LEVEL|LOGLEVEL/.test(name)) return "INFO";
  return "build";
}
