import { dirname, join } from "../core/path.ts";
import { isSecretName } from "../formats/secret.ts";
import type { Service, Stack } from "./stack.ts";

/** A group of variables of a pulled image, of which none is set. */
export function imageNeeds(service: Service): readonly string[] | undefined {
  // With another entry point, or a client of the image as the program, the server that asks for it never starts.
  if ((service.build ?? service.made) || !service.facts || service.entrypoint) return undefined;
  if (service.kind !== service.facts.kind) return undefined;
  // `command: /bin/true`: a container whose volumes others take.
  if (service.oneShot && service.command) return undefined;
  const { requiredEnv, fileEnv } = service.facts;
  if (isBeforeDemand(service)) return undefined;
  const isSet = (name: string) =>
    service.environment.some(
      each => (each.name === name || (fileEnv && each.name === `${name}_FILE`)) && each.value?.text !== "",
    );
  return requiredEnv.find(group => !group.some(isSet));
}

/** The last PostgreSQL of each series whose image started without a password: it has been asked for since February 2020. */
const undemanding: Readonly<Record<string, number>> = {
  "12": 1,
  "11": 6,
  "10": 11,
  "9.6": 16,
  "9.5": 20,
  "9.4": 25,
};

/** An image of such a release, which is never built again. */
function isBeforeDemand({ image }: Service): boolean {
  const [, series = "", patch = ""] = /^postgres:(\d{2}|9\.\d)\.(\d+)(?:-|$)/.exec(image?.raw ?? "") ?? [];
  return Number(patch || Number.NaN) <= (undemanding[series] ?? -1);
}

/**
 * A blank in the Compose file, `POSTGRES_PASSWORD=`, that a script of the repository writes something into, or one of
 * several passwords that the tracked env file leaves to whoever runs it.
 */
export function isFilledIn(stack: Stack, service: Service, names: readonly string[]): boolean {
  const { scripts } = stack;
  if (isLeftBlank(stack, service, names)) return true;
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

/** `POSTGRES_PASSWORD=` in the `.env` beside the Compose file, and at least one more secret without a value. */
function isLeftBlank({ envFiles }: Stack, service: Service, names: readonly string[]): boolean {
  const asked = service.environment
    .filter(({ name, from }) => from === "environment" && names.includes(name))
    .flatMap(({ value }) => value?.references.map(({ name }) => name) ?? []);
  const path = join(dirname(service.at.file), ".env");
  const blank = (envFiles.find(({ file }) => file === path)?.entries ?? []).filter(
    ({ value, references }) => value.value === "" && references.length === 0,
  );
  return (
    blank.some(({ name }) => asked.includes(name.value)) &&
    blank.filter(({ name }) => isSecretName(name.value)).length > 1
  );
}
