import { evidence, listNames, weigh } from "../../stack/query.ts";
import { rawVariables } from "../../stack/query-raw-variables.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/raw-variable",
  title: "Variables in a configuration file are filled in by somebody",
  claim: "configured-completely",
  severity: "high",
  why: "The program takes the text with its dollar sign for the value: it refuses to start, or works with a name, an address or a password that nobody meant.",
  *check(stack) {
    for (const { service, mount, program, consequence, severity, names, at } of rawVariables(stack)) {
      const { file } = at[0];
      yield {
        subject: `${service.name} ${file}`,
        message: `${file} names ${listNames(names)} as ${names.length === 1 ? "a variable" : "variables"}, and ${program.replace(/^The/, "the")} of "${service.name}" fills none in: ${consequence}.`,
        severity: weigh(service, severity),
        evidence: [
          evidence(mount.at, "mounted as it is"),
          ...at.map(each => evidence(each, "stays as it is written")),
        ],
      };
    }
  },
});
