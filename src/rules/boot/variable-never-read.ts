import type { Evidence } from "../../core/finding.ts";
import { evidence, gradeOf, listNames, weigh } from "../../stack/query.ts";
import { connectionGaps } from "../../stack/query-connections.ts";
import { componentReads, givenVariables, isMentioned } from "../../stack/query-environment.ts";
import type { Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** Read by runtimes, servers, libraries and proxies, not by the code of a project. */
const ambient =
  /^(?:NODE_|NPM_|YARN_|PNPM_|PYTHON|PIP_|UV_|JAVA_|JVM_|GO[A-Z]+$|LC_|LANG|TZ$|PATH$|HOME$|USER$|HOST$|HOSTNAME$|PORT$|DEBUG$|TERM$|P[UG]ID$|UID$|GID$|UMASK$|CI$|GUNICORN_|UVICORN_|WEB_CONCURRENCY$|DJANGO_SETTINGS_MODULE$|DJANGO_SUPERUSER_|DJANGO_ALLOW_ASYNC|FLASK_|FLOWER_|CELERY_|DRAMATIQ_|C_FORCE_ROOT|OTEL_|DD_|NEW_RELIC_|SENTRY_|ELASTIC_APM_|AWS_|GOOGLE_|GCP_|AZURE_|HTTPS?_PROXY$|NO_PROXY$|VIRTUAL_|LETSENCRYPT_|PG[A-Z]+$|MYSQL_|POSTGRES_|REDISCLI|SSL_|REQUESTS_|CURL_|GIT_|MALLOC_|LD_|OMP_|CUDA_|NVIDIA_|HF_|TRANSFORMERS_|NEXT_TELEMETRY|NEXT_RUNTIME|NEXTAUTH_|AUTH_|PRISMA_|FORCE_COLOR|NO_COLOR|CHOKIDAR_|WATCHPACK_|WDS_|BROWSER$|FAST_REFRESH|GENERATE_SOURCEMAP|INLINE_RUNTIME_CHUNK|PUBLIC_URL$|TS_|COMPOSE_|DOCKER_|SERVICE_|TRAEFIK|DEBIAN_|LOG_LEVEL$|RUST_|WATCHTOWER_|PM2_|SHELL$|DISPLAY$|PROMETHEUS_)/;

export default defineRule({
  id: "boot/variable-never-read",
  title: "Every variable that Compose sets is read",
  claim: "configured-completely",
  severity: "low",
  why: "Somebody believes that the variable configures something: a misspelt name or a removed feature looks like a working setting.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of stack.services) {
      if (gradeOf(service) === "development") continue;
      const unread = unreadOf(stack, service).filter(
        each => !told.has(`${service.component!.dir} ${each.name}`),
      );
      if (unread.length === 0) continue;
      for (const { name } of unread) told.add(`${service.component!.dir} ${name}`);
      const names = unread.map(each => each.name);
      const places = unread.map(each => evidence(each.at, "read by nothing"));
      yield {
        subject: service.name,
        message: `Service "${service.name}" is given ${listNames(names)}, which its code never reads.`,
        evidence: places as unknown as [Evidence, ...Evidence[]],
        severity: weigh(service, "low"),
        confidence: "likely",
      };
    }
  },
});

/** Set in the Compose file itself: an env file may be shared by several programs. */
function unreadOf(stack: Stack, service: Service): Variable[] {
  const { component, model } = service;
  if (!component || !model || model.facts?.kind !== "runtime") return [];
  const { names, wildcards, complete } = componentReads(stack, component);
  if (!complete || wildcards.some(each => each.prefix === undefined) || names.size === 0) return [];
  const reported = connectionGaps(stack).flatMap(gap => (gap.service === service ? gap.variables : []));
  const commands = [service.command?.text, service.entrypoint?.text, service.healthcheck?.command?.text].join(
    " ",
  );
  // Django looks at no DATABASE_URL by itself; ORMs of other languages do.
  const isAmbient = (name: string) =>
    ambient.test(name) || (name === "DATABASE_URL" && component.kind !== "django");
  return givenVariables(service).filter(variable => {
    const { name } = variable;
    if (variable.from !== "environment" || names.has(name) || isAmbient(name) || name.includes("__"))
      return false;
    if (reported.includes(variable) || commands.includes(name)) return false;
    if (wildcards.some(each => each.prefix !== undefined && name.startsWith(each.prefix))) return false;
    return !isMentioned(stack, component, name);
  });
}
