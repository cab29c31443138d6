import { scanTemplate } from "../formats/dotenv-template.ts";
import { isPlaceholder, isSecretName } from "../formats/secret.ts";

/** A value that the files ask for and do not give. */
export interface GivenValue {
  readonly name: string;
  readonly value: string;
  /** Where it comes from, for the list of changes. */
  readonly from: "example" | "generated";
}

/** Variables that a Compose file needs from outside: those without a default, as written in its text. */
export function neededVariables(text: string): string[] {
  const names = new Set<string>();
  for (const line of text.split("\n")) {
    if (/^\s*#/.test(line)) continue;
    collect(line.replace(/\s#.*$/, ""), names);
  }
  return [...names];
}

function collect(text: string, names: Set<string>): void {
  for (const piece of scanTemplate(text)) {
    if (piece.kind !== "reference") continue;
    const { name, operator, operand } = piece.reference;
    if (operator === undefined || operator === ":?" || operator === "?") names.add(name);
    else if (operand !== undefined && operator !== "+" && operator !== ":+") collect(operand, names);
  }
}

/**
 * Values for the names that nothing sets: what the example file shows, unless it only stands for a secret, or one
 * that fits the name. `random` gives hexadecimal digits.
 */
export function valuesFor(
  names: readonly string[],
  example: ReadonlyMap<string, string>,
  random: () => string,
  domain = "localhost",
): GivenValue[] {
  return names.map(name => {
    const shown = example.get(name);
    const usable = shown !== undefined && shown !== "" && !(isSecretName(name) && isPlaceholder(shown));
    return usable
      ? { name, value: shown, from: "example" }
      : { name, value: invented(name, random, domain), from: "generated" };
  });
}

const shapes: readonly (readonly [RegExp, string])[] = [
  [/(^|_)PORT$/, "8000"],
  [/(^|_)(E?MAIL|FROM)(_ADDRESS)?$/, "drill@lab.invalid"],
  [/(^|_)(URL|URI|ORIGINS?)$/, "http://localhost"],
  [/(^|_)HOUR$/, "3"],
  [/(^|_)(TAG|VERSION|RELEASE|COMMIT|SHA)$/, "lab"],
  [/(^|_)REGISTRY$/, "registry.invalid"],
  [/(^|_)REPOSITORY$/, "/tmp/lab-repository"],
  [/(^|_)(DEBUG)$/, "false"],
];

function invented(name: string, random: () => string, domain: string): string {
  if (isSecretName(name)) return random();
  if (/(^|_)(DOMAIN|HOST|HOSTS|HOSTNAME|SERVER_NAME)$/.test(name)) return domain;
  return shapes.find(([pattern]) => pattern.test(name))?.[1] ?? "lab";
}
