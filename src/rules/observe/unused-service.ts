import { isTest, isVendored } from "../../artifacts/project-files.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, serverServices } from "../../stack/query.ts";
import { isWired } from "../../stack/query-connections.ts";
import { protocolOf } from "../../stack/query-environment.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/unused-service",
  title: "Every cache and queue is used by something",
  claim: "configured-completely",
  severity: "low",
  why: "It costs memory and is one more thing to keep safe, and people believe that there is a cache or a queue when there is none.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const protocol = protocolOf(service);
      const client = protocol && clients[protocol];
      if (!protocol || !client) continue;
      const users = service.project.services.filter(other => other !== service && mayUse(other));
      // Only where the code of every possible user is here.
      if (users.length === 0 || users.some(user => !user.component || !user.build)) continue;
      if (users.some(user => isWired(stack, user, protocol) || depends(user.component!, client))) continue;
      yield {
        subject: service.name,
        message: `Service "${service.name}" runs for nothing: no application of this project has a client for it.`,
        confidence: "likely",
        evidence: [evidence(service.at, "nothing connects to it")],
      };
    }
  },
});

/** Packages that connect by themselves, besides those with the store's own name. */
const clients: Readonly<Record<string, RegExp>> = {
  redis:
    /redis|valkey|keyv|celery|kombu|\brq\b|bull|bee-queue|sidekiq|resque|dramatiq|huey|channels|arq|taskiq|socket\.io|limits|cachetools-redis/i,
  amqp: /rabbit|amqp|pika|celery|kombu|dramatiq|bunny|moleculer|nestjs\/microservices|masstransit/i,
  memcached: /memcache|pylibmc|memjs|dalli|mc\b/i,
};

/** Not a store, a proxy or a tool by itself. */
function mayUse(service: Service): boolean {
  return !["database", "cache", "queue", "search", "proxy", "mail", "certificates", "storage"].includes(
    service.kind,
  );
}

const manifests =
  /(^|\/)(requirements[^/]*\.(txt|in)|requirements\/[^/]+\.txt|pyproject\.toml|Pipfile|setup\.(py|cfg)|package\.json|go\.mod|Gemfile|composer\.json|pom\.xml|build\.gradle(\.kts)?|Cargo\.toml|mix\.exs|[^/]+\.csproj)$/;

/** Some manifest of the project, of this component or of one beside it, names a client. */
function depends({ files }: AppComponent, client: RegExp): boolean {
  const found = files.paths.filter(path => manifests.test(path) && !isVendored(path) && !isTest(path));
  return (
    found.length === 0 || found.some(path => client.test(files.read(path)?.text ?? "redis amqp memcache"))
  );
}
