import { join } from "../../core/path.ts";
import type { Located } from "../../core/source.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { misplacedEnvFiles } from "../../stack/query-env-place.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

const shown = 4;

export default defineRule({
  id: "boot/env-file-place",
  title: "Compose reads the env file that people fill in",
  claim: "configured-completely",
  severity: "high",
  why: "Passwords and keys that were set with care have no effect: the stack runs with the defaults that the repository shows, or with empty values.",
  *check(stack) {
    const first = oncePerPlace();
    for (const { project, example, asked, isCredential } of misplacedEnvFiles(stack)) {
      if (!first(asked[0]!.at)) continue;
      const places = asked.filter(
        ({ value }, index) => asked.findIndex(other => other.value === value) === index,
      );
      const names = places.map(({ value }) => value);
      const more = names.length > shown ? ` and ${names.length - shown} more` : "";
      const listed =
        more === ""
          ? listNames(names)
          : names
              .slice(0, shown)
              .map(name => `"${name}"`)
              .join(", ");
      yield {
        subject: project.files.join(", "),
        message: `Compose reads ${join(project.directory, ".env")} for ${project.files.join(" and ")}, and what people are told to fill in is the copy of ${example.file}: ${listed}${more} never reach it.`,
        severity: weigh(project, isCredential ? "high" : "medium"),
        confidence: "likely",
        evidence: [
          lookedFor(places[0]!),
          ...places.slice(1, shown).map(lookedFor),
          evidence(example.entries[0]!.name.at, "is copied to the directory above"),
        ],
      };
    }
  },
});

function lookedFor({ at }: Located<string>) {
  return evidence(at, "is looked for beside this file");
}
