import type { Location } from "../core/source.ts";
import { credentialsInUrl, isPlaceholder, isSecretName } from "../formats/secret.ts";
import { gradeOf, isOptional } from "./query.ts";
import type { Interpolated, Reference } from "./resolve/interpolate.ts";
import type { Grade, Service, Stack, Variable } from "./stack.ts";

/** Questions about credentials. Their values stay in here and in comparisons: no message may hold one. */

export interface Credential {
  /** The variable that holds it. */
  readonly name: string;
  readonly value: string;
  readonly at: Location;
  /** literal: always used; default: used while the variable in `reference` is not set. */
  readonly kind: "literal" | "default";
  readonly reference?: Reference;
  readonly service?: Service;
  readonly grade: Grade;
}

const publicPrefix = /^(?:NEXT_PUBLIC_|REACT_APP_|VITE_|NUXT_PUBLIC_|VUE_APP_|EXPO_PUBLIC_|GATSBY_)/;

/** A value that a person could use: not empty, no switch, no number of few digits, no reference. */
export function isCredential(value: string): boolean {
  const text = value.trim();
  return text.length >= 3 && !/^(?:true|false|none|null|yes|no|\d{1,3})$/i.test(text) && !text.includes("$");
}

/** Credentials that stand in Compose files and Dockerfiles, each place once. Placeholders are none. */
export function committedCredentials(stack: Stack): Credential[] {
  const found: Credential[] = [];
  const seen = new Set<string>();
  for (const service of stack.services) {
    const grade = isOptional(service) ? "development" : gradeOf(service);
    // What a pipeline ships as it stands runs as it stands, also when its words ask for another value.
    const placeholders = grade === "deployed" && service.project.because.at !== undefined;
    const variables = service.environment.filter(each => each.from !== "env_file");
    for (const variable of [...variables, ...(service.build?.args ?? [])]) {
      for (const credential of credentialsOf(variable, placeholders)) {
        const key = `${credential.at.file}:${credential.at.span.start}`;
        if (seen.has(key)) continue;
        seen.add(key);
        found.push({ ...credential, service, grade });
      }
    }
  }
  return found;
}

/** One group for each credential: a value that stands in several places is one secret. */
export function byValue(credentials: readonly Credential[]): Credential[][] {
  const groups = new Map<string, Credential[]>();
  for (const each of credentials) {
    const group = groups.get(each.value);
    if (group) group.push(each);
    else groups.set(each.value, [each]);
  }
  return [...groups.values()];
}

type Written = Pick<Credential, "name" | "value" | "at" | "kind" | "reference">;

function credentialsOf({ name, value }: Variable, placeholders: boolean): Written[] {
  if (!value || publicPrefix.test(name)) return [];
  const found: Written[] = [];
  if (isSecretName(name)) found.push(...ownValue(name, value, placeholders));
  const url = credentialsInUrl(value.raw);
  if (url && !url.password.includes("$") && isUsable(url.password))
    found.push({ name, value: decode(url.password), at: value.at, kind: "literal" });
  for (const reference of value.references) {
    if (!isSecretName(reference.name) || isSecretName(name)) continue;
    found.push(...defaultOf(name, reference));
  }
  for (const reference of value.references) {
    const inside = credentialsInUrl(reference.argument ?? "");
    if (isDefault(reference) && inside && !inside.password.includes("$") && isUsable(inside.password))
      found.push({ name, value: decode(inside.password), at: reference.at, kind: "default", reference });
  }
  return found;
}

function ownValue(name: string, value: Interpolated, placeholders: boolean): Written[] {
  if (value.references.length === 0) {
    const text = value.text ?? value.raw;
    const usable = isUsable(text) || (placeholders && isCredential(text) && !/^<.*>$/.test(text));
    return !text.includes("://") && usable ? [{ name, value: text, at: value.at, kind: "literal" }] : [];
  }
  // `prefix-${X:-default}`: only a value that is the reference alone.
  const [only, ...others] = value.references;
  const alone = only && others.length === 0 && /^\$\{.*\}$/s.test(value.raw.trim());
  return alone ? defaultOf(name, only) : [];
}

function isDefault(reference: Reference): boolean {
  return reference.operator === ":-" || reference.operator === "-";
}

/** A default is what runs when nobody sets the variable, also when it only was meant as a placeholder. */
function defaultOf(name: string, reference: Reference): Written[] {
  const text = unquote(reference.argument ?? "");
  if (!isDefault(reference) || !isCredential(text) || text.includes("://") || /^<.*>$/.test(text)) return [];
  return [{ name, value: text, at: reference.at, kind: "default", reference }];
}

function isUsable(value: string): boolean {
  return isCredential(value) && !isPlaceholder(value);
}

function unquote(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/s, "$2");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
