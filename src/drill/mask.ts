import type { ComposeModel } from "../core/engine.ts";
import { credentialsInUrl, isSecretName } from "../formats/secret.ts";

/** Shorter values are words that stand everywhere. */
const shortest = 6;

/**
 * Takes the credentials of a model out of texts: journals hold what programs say, and programs say what they were
 * given.
 */
export function masker(model: ComposeModel): (text: string) => string {
  const secrets = new Set<string>();
  for (const { environment = {} } of Object.values(model.services)) {
    for (const [name, value] of Object.entries(environment)) {
      if (typeof value !== "string") continue;
      const plain = value.replaceAll("$$", "$");
      const inUrl = credentialsInUrl(plain)?.password;
      const secret = inUrl ?? (isSecretName(name) ? plain : undefined);
      if (secret !== undefined && secret.length >= shortest) secrets.add(secret);
    }
  }
  // Longest first: one may be the beginning of another.
  const known = [...secrets].sort((a, b) => b.length - a.length);
  return text => known.reduce((masked, secret) => masked.replaceAll(secret, "***"), text);
}
