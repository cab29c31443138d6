import { isTest, isVendored } from "../../artifacts/project-files.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, serverServices } from "../../stack/query.ts";
import { isWired } from "../../stack/query-connections.ts";
import { protocolOf } from "../../stack/query-environment.ts";
import { unusedPackages } from "../../stack/query-unused-packages.ts";
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
      if (users.some(user => isWired(stack, user, protocol))) continue;
      const names = users.filter(user => depends(user.component!, client, []));
      // A package that nothing imports connects nothing; asked last, because it reads all code.
      const idle = names.length > 0 ? unusedPackages(stack) : [];
      if (
        names.some(user =>
          depends(
            user.component!,
            client,
            idle.map(each => each.name),
          ),
        )
      )
        continue;
      const planned = idle.filter(each => client.test(each.name));
      yield {
        subject: service.name,
        message:
          planned.length > 0
            ? `Service "${service.name}" runs for nothing: ${planned.map(each => each.name).join(" and ")} ${planned.length === 1 ? "is" : "are"} installed, and no code of this project imports ${planned.length === 1 ? "it" : "them"}.`
            : `Service "${service.name}" runs for nothing: no application of this project has a client for it.`,
        confidence: planned.length > 0 ? "possible" : "likely",
        evidence: [
          evidence(service.at, "nothing connects to it"),
          ...planned.map(each => evidence(each.at, "installed, and imported nowhere")),
        ],
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

/** Some manifest of the project, of this component or of one beside it, names a client; lines about `idle` packages aside. */
function depends({ files }: AppComponent, client: RegExp, idle: readonly string[]): boolean {
  const found = files.paths.filter(path => manifests.test(path) && !isVendored(path) && !isTest(path));
  const about = (line: string): boolean => idle.some(name => line.includes(name));
  return (
    found.length === 0 ||
    found.some(path => {
      const text = files.read(path)?.text ?? "redis amqp memcache";
      return text.split("\n").some(line => client.test(line) && !about(line));
    })
  );
}
