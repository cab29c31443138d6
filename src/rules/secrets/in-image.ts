import { isSecretName } from "../../formats/secret.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { publicName } from "../../stack/query-bundles.ts";
import type { Build } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/in-image",
  title: "An image carries no secret that its build is given",
  claim: "no-secret-leaks",
  severity: "high",
  why: "`docker inspect` shows the variables of an image to everybody who can pull it, and the registry keeps them with each version for good.",
  *check(stack) {
    const seen = new Set<string>();
    for (const build of stack.builds) {
      const kept = keptSecrets(build);
      const key = `${build.dockerfilePath} ${kept.map(({ env }) => env.span.start).join(" ")}`;
      if (kept.length === 0 || build.grade === "development" || seen.has(key)) continue;
      seen.add(key);
      const names = kept.map(({ name }) => name);
      yield {
        subject: `${build.dockerfilePath} ${names[0]}`,
        message: `The image of ${build.dockerfilePath} keeps ${listNames(names)}: the build is given ${names.length === 1 ? "the secret" : "the secrets"}, and ENV writes ${names.length === 1 ? "it" : "them"} into the image${build.push ? ", which is pushed to a registry" : ""}.`,
        severity: build.push && build.grade === "deployed" ? "high" : "medium",
        evidence: kept.flatMap(({ env, given }) => [
          evidence(env, "stays in the image"),
          evidence(given, "the secret comes from here"),
        ]),
      };
    }
  },
});

/** Addresses that hold a password. */
const address = /(?:^|_)(?:DATABASE|DB|POSTGRES\w*|MYSQL|MONGO\w*|REDIS)_UR[LI]$/;

/** `ARG API_KEY` and `ENV API_KEY=$API_KEY`, where the caller hands on a value that only it knows. */
function keptSecrets({ model, args }: Build) {
  return [...(model?.env ?? [])].flatMap(([name, { value, at }]) => {
    const from = /^\$\{?(\w+)\}?$/.exec(value)?.[1];
    const given = from === undefined ? undefined : args.find(each => each.name === from);
    const isSecret = (isSecretName(name) || address.test(name)) && !publicName.test(name);
    // A literal that stands in the repository is told as one.
    return given && isSecret && given.value?.text === undefined ? [{ name, env: at, given: given.at }] : [];
  });
}
