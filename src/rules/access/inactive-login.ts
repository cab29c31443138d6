import { djangoRoots } from "../../artifacts/django.ts";
import { isBelow, isTest, isVendored, pythonModuleFile } from "../../artifacts/project-files.ts";
import { type Location, locate } from "../../core/source.ts";
import { parsePython } from "../../formats/python.ts";
import { dottedName, everyStatement } from "../../formats/python-tree.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/inactive-login",
  title: "An account that was switched off cannot log in",
  claim: "exposes-only-the-front-door",
  severity: "medium",
  why: "Somebody who was locked out, or who left, still gets in with the old password.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const { service } = here;
      const component = service.component;
      const setting = settingHere(here, "AUTHENTICATION_BACKENDS");
      if (!component?.django || !setting) continue;
      for (const path of textsOf(setting.value) ?? []) {
        const open = openBackend(component, path);
        if (!open) continue;
        yield {
          subject: path,
          message: `The login of service "${service.name}" through ${open.name} checks the password and never asks whether the account is active.`,
          evidence: [
            evidence(open.at, "the password alone decides"),
            evidence(setting.at, "this way to log in is in force"),
          ],
          severity: weigh(service, "medium"),
          // Django's own forms and sessions ask again; a view that calls authenticate() does not.
          confidence: callsAuthenticate(component) ? "likely" : "possible",
        };
      }
    }
  },
});

const bases = /(?:^|\.)(?:ModelBackend|BaseBackend|AllowAllUsersModelBackend)$/;
const asks =
  /is_active|user_can_authenticate|super\(\)\s*\.\s*authenticate|super\([\w, ]+\)\s*\.\s*authenticate/;

/** The backend's own authenticate(), where it looks at the password and at nothing else. */
function openBackend(
  { files, django }: AppComponent,
  path: string,
): { readonly name: string; readonly at: Location } | undefined {
  const name = path.slice(path.lastIndexOf(".") + 1);
  const file = pythonModuleFile(files, path.slice(0, -name.length - 1), djangoRoots(django!));
  const source = file === undefined ? undefined : files.read(file);
  if (!source) return undefined;
  for (const { statement } of everyStatement(parsePython(source).model.body)) {
    if (statement.kind !== "class" || statement.name !== name) continue;
    if (!statement.bases.some(base => bases.test(dottedName(base) ?? ""))) return undefined;
    const method = statement.body.find(each => each.kind === "function" && each.name === "authenticate");
    if (!method) return undefined;
    const { start, end } = method.at.span;
    const text = source.text.slice(start, end);
    const check = text.indexOf("check_password");
    if (check < 0 || asks.test(text)) return undefined;
    return { name, at: locate(source, start + check, start + check + "check_password".length) };
  }
  return undefined;
}

function callsAuthenticate({ files, dir }: AppComponent): boolean {
  return files.paths.some(path => {
    if (!path.endsWith(".py") || !isBelow(dir, path) || isVendored(path) || isTest(path)) return false;
    const text = files.read(path)?.text ?? "";
    return (
      /^from django\.contrib\.auth import [^\n]*\bauthenticate\b|^from django\.contrib import auth\b/m.test(
        text,
      ) && /\bauthenticate\(/.test(text)
    );
  });
}
