import { isTest, isVendored } from "../artifacts/project-files.ts";
import { isSecretName } from "../formats/secret.ts";
import { child } from "../formats/yaml.ts";
import { gradeOf, serverServices } from "./query.ts";
import { isCredential } from "./query-secrets.ts";

import type { ComposeProject, Service, Stack, Variable } from "./stack.ts";

/** Questions about habits of a whole project: what none of its services does. Each has one answer per project. */

/** Deployed projects with the services that have to stay up there; those without one are left out. */
export function deployedProjects(
  stack: Stack,
): { readonly project: ComposeProject; readonly services: readonly Service[] }[] {
  const all = serverServices(stack);
  return stack.projects
    .filter(project => gradeOf(project) === "deployed")
    .map(project => ({ project, services: all.filter(service => service.project === project) }))
    .filter(({ services }) => services.length > 0);
}

/** The first deployed service that runs code of this repository. */
export function ownService(stack: Stack): Service | undefined {
  return deployedProjects(stack)
    .flatMap(({ services }) => services)
    .find(service => service.build !== undefined);
}

/** Asks for less than the engine gives by default: capabilities, privileges, a writable file system. */
export function isHardened(service: Service): boolean {
  return (
    service.get("cap_drop") !== undefined ||
    service.text("read_only")?.text === "true" ||
    [service.get("security_opt")].some(
      node =>
        node?.kind === "seq" &&
        node.items.some(
          item => item.kind === "scalar" && /^no-new-privileges(?:[:=]true)?$/.test(String(item.value)),
        ),
    )
  );
}

/** Secrets that a project passes as variables. */
export function secretVariables(services: readonly Service[]): Variable[] {
  return services.flatMap(service =>
    service.environment.filter(
      variable =>
        variable.from === "environment" &&
        isSecretName(variable.name) &&
        // A literal that is taken out of the file stays a variable: this finding must not appear only then.
        (!variable.value?.text || isCredential(variable.value.text)),
    ),
  );
}

/** Anything in the project reads a secret from a file: it knows the other way. */
export function usesSecretFiles(project: ComposeProject): boolean {
  return (
    project.secrets.length > 0 ||
    project.services.some(
      service =>
        service.secrets.length > 0 ||
        child(service.node, "secrets") !== undefined ||
        service.environment.some(variable => /_FILE$/.test(variable.name)) ||
        service.mounts.some(mount => mount.target.startsWith("/run/secrets")),
    )
  );
}

const pipelines =
  /^(?:\.circleci\/|\.buildkite\/|\.gitea\/workflows\/|\.forgejo\/workflows\/|\.woodpecker|\.drone\.ya?ml|\.travis\.ya?ml|\.semaphore\/|\.teamcity\/|\.tekton\/|\.gitlab\/|\.pipelines?\/|\.azure|\.builds?\.ya?ml|\.cirrus\.yml)|(?:^|\/)(?:Jenkinsfile[\w.-]*|azure-pipelines[\w.-]*|bitbucket-pipelines\.ya?ml|cloudbuild[\w.-]*\.ya?ml|buildspec[\w.-]*\.ya?ml|codefresh\.ya?ml|appveyor\.ya?ml|Earthfile|dagger\.json|\.gitlab-ci\.ya?ml|wercker\.yml|captain-definition)$/;

/** Some service of this kind runs the repository's changes: known here, or only known to be there. */
export function hasPipeline(stack: Stack): boolean {
  return (
    stack.workflows.length > 0 ||
    stack.files.paths.some(path => pipelines.test(path) || path.startsWith(".github/workflows/"))
  );
}

const watchers =
  /sentry|newrelic|new-relic|ddtrace|dd-trace|datadog|opentelemetry|rollbar|bugsnag|honeybadger|elastic-?apm|appsignal|airbrake|raygun|logrocket|posthog|prometheus|prom-client|prometheus_client|statsd|healthchecks\.io|hc-ping|uptime|statuscake|pagerduty|opsgenie|betterstack|logtail|alertmanager|grafana|loki|netdata|zabbix|nagios|icinga|monit\b|signoz|jaeger|cadvisor|watchtower|gatus|beszel|glances|hooks\.slack\.com|discord(?:app)?\.com\/api\/webhooks|api\.telegram\.org|ntfy\.sh|sendmail|\bmail -s\b|webhook_url|slack_webhook|cloudwatch|stackdriver|application-?insights|micrometer|actuator|sns publish/i;

const speaking =
  /(?:^|\/)(?:package\.json|[\w.-]*requirements[\w.-]*\.(?:txt|in)|pyproject\.toml|Pipfile|go\.mod|Gemfile|composer\.json|pom\.xml|build\.gradle(?:\.kts)?|Cargo\.toml|mix\.exs|Makefile|crontab|Caddyfile|settings[\w./-]*\.py|[\w.-]+\.(?:sh|bash|ya?ml|conf|cron|service|timer))$/i;

/** Something in the repository tells a person, or a program that does, when a service fails. */
export function hasWatcher(stack: Stack): boolean {
  return (
    stack.prometheus.length > 0 ||
    stack.services.some(service => service.kind === "monitoring") ||
    stack.files.paths.some(path => {
      if (isVendored(path) || isTest(path)) return false;
      if (
        /monitor|alert|health-?check|uptime|watchdog|heartbeat/i.test(path.slice(path.lastIndexOf("/") + 1))
      )
        return true;
      if (!speaking.test(path)) return false;
      const read = stack.files.read(path);
      return !("source" in read) || watchers.test(read.source.text);
    })
  );
}
