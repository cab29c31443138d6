import type { Service, Stack } from "./stack.ts";

/** A group of variables of a pulled image, of which none is set. */
export function imageNeeds(service: Service): readonly string[] | undefined {
  // With another entry point, or a client of the image as the program, the server that asks for it never starts.
  if (service.build || !service.facts || service.entrypoint) return undefined;
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
