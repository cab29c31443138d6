import type { Service } from "./stack.ts";

/** A group of variables of a pulled image, of which none is set. */
export function imageNeeds(service: Service): readonly string[] | undefined {
  // With another entry point, or a client of the image as the program, the server that asks for it never starts.
  if (service.build || !service.facts || service.entrypoint) return undefined;
  if (service.kind !== service.facts.kind) return undefined;
  const { requiredEnv, fileEnv } = service.facts;
  const isSet = (name: string) =>
    service.environment.some(
      each => (each.name === name || (fileEnv && each.name === `${name}_FILE`)) && each.value?.text !== "",
    );
  return requiredEnv.find(group => !group.some(isSet));
}
