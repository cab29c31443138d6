import type { Located } from "../core/source.ts";
import { evaluateEnv } from "../formats/dotenv.ts";
import { hostNames, serverServices } from "./query.ts";
import { shownEnvFile } from "./query-env-examples.ts";
import { componentReads, type Protocol, storesOf, storeUrl } from "./query-environment.ts";
import { hasOwnNames, isServiceLike } from "./query-upstreams.ts";
import type { Service, Stack } from "./stack.ts";

/** Hosts of stores in the example of an env file that is not in the repository. */
export interface ExampleHost {
  readonly service: Service;
  readonly name: Located<string>;
  readonly host: string;
  readonly stores: readonly Service[];
}

const byName: readonly (readonly [RegExp, readonly Protocol[]])[] = [
  [/^(?:\w+_)?(?:POSTGRES|POSTGRESQL|PG)_?(?:HOST|SERVER|ADDR)$/, ["postgres"]],
  [/^(?:\w+_)?(?:MYSQL|MARIADB)_?(?:HOST|SERVER|ADDR)$/, ["mysql"]],
  [/^(?:\w+_)?MONGO(?:DB)?_?(?:HOST|SERVER|ADDR)$/, ["mongodb"]],
  [/^(?:\w+_)?REDIS_?(?:HOST|SERVER|ADDR)$/, ["redis"]],
  [/^(?:\w+_)?RABBIT(?:MQ)?_?(?:HOST|SERVER|ADDR)$/, ["amqp"]],
  [/^(?:DB|DATABASE)_?(?:HOST|SERVER|ADDR)$/, ["postgres", "mysql"]],
];

/** What people write where something is to be filled in. */
const blank =
  /^(?:\w*(?:example|your|change|replace|placeholder|todo|secret)\w*|host(?:name)?|db-?_?host|server(?:name)?|name|ip|address|url|xxx+|user|none|null|undefined|value|string|test)$/i;

/** Hosts that no service answers to, in the file that people copy to the one that a service reads. */
export function exampleHosts(stack: Stack): ExampleHost[] {
  const told = new Set<string>();
  return serverServices(stack).flatMap(service => {
    if (hasOwnNames(service) || service.kind !== "app") return [];
    const reads = service.component && componentReads(stack, service.component);
    return service.envFiles.flatMap(use => {
      const example = use.file || use.resolved === undefined ? undefined : shownEnvFile(stack, use.resolved);
      if (example?.role !== "example") return [];
      const values = evaluateEnv(example.entries);
      return example.entries.flatMap(({ name }) => {
        const value = values.get(name.value);
        const place = `${name.at.file}:${name.at.span.start}`;
        if (!value || told.has(place)) return [];
        // Another program's, or what Compose sets itself.
        if (service.environment.some(each => each.name === name.value && each.from === "environment"))
          return [];
        if (reads?.complete && reads.wildcards.length === 0 && !reads.names.has(name.value)) return [];
        const url = storeUrl(value);
        const protocols = url ? [url.protocol] : byName.find(([pattern]) => pattern.test(name.value))?.[1];
        const host = url?.host ?? value.replace(/:\d+$/, "");
        if (!protocols || blank.test(host) || !isServiceLike(service, host)) return [];
        if (stack.services.some(each => hostNames(each).includes(host) || each.project.name === host))
          return [];
        const stores = protocols.flatMap(each => storesOf(service.project, each));
        if (stores.length === 0) return [];
        told.add(place);
        return [{ service, name, host, stores }];
      });
    });
  });
}
