import type { Service, Stack } from "./stack.ts";

/** A group of variables of a pulled image, of which none is set. */
export function imageNeeds(service: Service): readonly string[] | undefined {
  // With another entry point, or a client of the image as the program, the server that asks for it never starts.
  if (service.build || !service.facts || service.entrypoint) return undefined;
  if (service.kind !== service.facts.kind) return undefined;
  // `command: /bin/true`: a container whose volumes others take.
  if (service.oneShot && service.command) return undefined;
  const { requiredEnv, fileEnv } = service.facts;
  const isSet = (name: string) =>
    service.environment.some(
      each => (each.name === name || (fileEnv && each.name === `${name}_FILE`)) && each.value?.text !== "",
    );
  return requiredEnv.find(group => !group.some(isSet));
}

/** A blank in the Compose file, `POSTGRES_PASSWORD=`, that a script of the repository writes something into. */
export function isFilledIn({ scripts }: Stack, service: Service, names: readonly string[]): boolean {
  const blanks = service.environment.filter(
    ({ name, value, from }) => from === "environment" && names.includes(name) && value?.text === "",
  );
  return scripts.some(({ calls }) =>
    calls.some(
      ({ name, args }) =>
        /^(?:sed|gsed|perl|yq|envsubst|awk)$/.test(name) &&
        blanks.some(blank => args.some(({ word }) => word.text.includes(blank.name))),
    ),
  );
}
