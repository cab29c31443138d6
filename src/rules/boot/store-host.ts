import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { locate } from "../../core/source.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, hostNames, listNames, serverServices, weigh } from "../../stack/query.ts";
import { addressOf } from "../../stack/query-connections.ts";
import { givenVariables, type Protocol, storesOf, storeUrl } from "../../stack/query-environment.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { hasOwnNames, isServiceLike } from "../../stack/query-upstreams.ts";
import type { Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/store-host",
  title: "A database is looked for under the name of its service",
  claim: "boots-healthy",
  severity: "critical",
  why: "Nothing answers to the name in the network of the containers: every connection to the database fails, at the start or with the first request.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of serverServices(stack)) {
      if (hasOwnNames(service)) continue;
      for (const variable of givenVariables(service)) {
        const address = addressIn(variable);
        if (!address || service.reassigned?.has(variable.name) || !isNobody(stack, service, address.host))
          continue;
        const stores = storesOf(service.project, address.protocol).filter(store => store !== service);
        if (stores.length === 0 || !first(variable.at)) continue;
        yield {
          subject: `${service.name} ${variable.name}`,
          message: `"${service.name}" looks for its ${words[address.protocol]} on the host "${address.host}", which is no service of its project: ${stores.length === 1 ? "that is" : "those are"} ${listNames(stores.map(store => store.name))}.`,
          severity: weigh(service, "critical"),
          ...(variable.value!.references.length > 0 ? { confidence: "likely" as const } : {}),
          evidence: [
            evidence(variable.at, `no service is called ${address.host}`),
            ...stores.map(store => evidence(store.at, "this is how it is called")),
          ],
          fix: () =>
            offer(
              {
                title: `Look for ${stores[0]!.name} by its name`,
                grade: "needs-testing",
                test: `Start it and see in the log of ${service.name} that the connection is made.`,
              },
              stores.length === 1 ? hostEdit(stack, variable, address.host, stores[0]!) : undefined,
            ),
        };
      }
    }
  },
});

const words: Readonly<Record<Protocol, string>> = {
  postgres: "database",
  mysql: "database",
  mongodb: "database",
  redis: "Redis",
  amqp: "message broker",
  memcached: "memcached",
};

const byName: readonly (readonly [RegExp, Protocol])[] = [
  [/^(?:\w+_)?(?:POSTGRES|POSTGRESQL|PG)_?HOST$/, "postgres"],
  [/^(?:\w+_)?(?:MYSQL|MARIADB)_?HOST$/, "mysql"],
  [/^(?:\w+_)?MONGO(?:DB)?_?HOST$/, "mongodb"],
  [/^(?:\w+_)?REDIS_?HOST$/, "redis"],
  [/^(?:\w+_)?RABBIT(?:MQ)?_?HOST$/, "amqp"],
];

/** The host that a variable names itself: one that another variable gives may be the server's. */
function addressIn({ name, value }: Variable): { host: string; protocol: Protocol } | undefined {
  if (!value) return undefined;
  const url = storeUrl(addressOf({ value })!);
  const protocol = url?.protocol ?? byName.find(([pattern]) => pattern.test(name))?.[1];
  const host = url?.host ?? value.text?.trim() ?? "";
  if (!host) return undefined;
  const own = value.raw.replace(/\$\{[^}]*\}|\$\w+/g, "$");
  return protocol && new RegExp(`(?:^|[@/])${escaped(host)}(?:[:/?\\s]|$)`).test(own)
    ? { host, protocol }
    : undefined;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A bare name that no service has, neither here nor in another file that may be merged by hand. */
function isNobody(stack: Stack, service: Service, host: string): boolean {
  return (
    isServiceLike(service, host) &&
    !stack.services.some(other => hostNames(other).includes(host) || other.project.name === host)
  );
}

/** An env file may serve programs outside of containers, too. */
function hostEdit(stack: Stack, { value, from }: Variable, host: string, store: Service): Edit | undefined {
  const at = value?.at;
  const source = at && sourceOf(stack, at.file);
  if (!source || from !== "environment") return undefined;
  const pattern = new RegExp(`(?<=^["']?|[@/=])${escaped(host)}(?=[:/?"'\\s]|$)(?!://)`, "g");
  const [match, ...more] = source.text.slice(at.span.start, at.span.end).matchAll(pattern);
  if (!match || more.length > 0) return undefined;
  const start = at.span.start + match.index;
  return { at: locate(source, start, start + host.length), text: store.name };
}
