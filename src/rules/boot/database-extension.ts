import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { lackedExtensions } from "../../stack/query-extensions.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/database-extension",
  title: "The database's image has the extensions that migrations ask for",
  claim: "migrates-safely",
  severity: "critical",
  why: "PostgreSQL answers that the extension is not available: the migration stops there, and the tables that it and all later ones make are never there.",
  *check(stack) {
    for (const project of stack.projects) {
      const services = serverServices(stack).filter(service => service.project === project);
      for (const { name, at, brought, databases } of lackedExtensions(stack, services)) {
        const [first, ...more] = databases.map(({ image, name: service }) =>
          evidence(image!.at, `"${service}" runs the plain image`),
        );
        yield {
          subject: `${brought.name} ${name}`,
          message: `The schema of "${brought.name}" needs the extension "${name}", which the image of ${listNames(databases.map(each => each.name))} does not have: migrations stop there.`,
          severity: weigh(brought, "critical"),
          confidence: "likely",
          evidence: [evidence(at, `asks for ${name}`), first!, ...more],
        };
      }
    }
  },
});
