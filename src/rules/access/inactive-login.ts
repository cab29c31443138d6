import { djangoRoots } from "../../artifacts/django.ts";
import { isBelow, isTest, isVendored, pythonModuleFile } from "../../artifacts/project-files.ts";
import type { Fix } from "../../core/fix.ts";
import { type Location, locate, type Source } from "../../core/source.ts";
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
          fix: () => askToo(open),
        };
      }
    }
  },
});

const bases = /(?:^|\.)(?:ModelBackend|BaseBackend|AllowAllUsersModelBackend)$/;
const asks =
  /is_active|user_can_authenticate|super\(\)\s*\.\s*authenticate|super\([\w, ]+\)\s*\.\s*authenticate/;

interface Open {
  readonly name: string;
  readonly at: Location;
  /** Has Django's own method that asks. */
  readonly asker: boolean;
  readonly source: Source;
}

/** The same condition with the question behind it; undefined where the check is no part of an `if` in one line. */
function askToo({ at, asker, source }: Open): Fix | undefined {
  const { text } = source;
  const line = text.slice(text.lastIndexOf("\n", at.span.start) + 1, endOfLine(text, at.span.start));
  const found =
    /^[ \t]*(?:el)?if (?:[^#"'\n]*\band )?([A-Za-z_]\w*)\.check_password\([^()\n]*\)(?=:|\s+and\b)/.exec(
      line,
    );
  if (!asker || !found || /\bor\b|\bnot\b/.test(line)) return undefined;
  const end = text.lastIndexOf("\n", at.span.start) + 1 + found[0].length;
  return {
    title: "Refuse accounts that are switched off",
    grade: "needs-testing",
    edits: [
      {
        at: { file: source.path, span: { start: end, end } },
        text: ` and self.user_can_authenticate(${found[1]})`,
      },
    ],
    test: "Log in with an account, then with one whose `is_active` is false: the second one is refused.",
  };
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end;
}

/** The backend's own authenticate(), where it looks at the password and at nothing else. */
function openBackend({ files, django }: AppComponent, path: string): Open | undefined {
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
    const asker = statement.bases.some(base => /(?:^|\.)ModelBackend$/.test(dottedName(base) ?? ""));
    return {
      name,
      asker,
      source,
      at: locate(source, start + check, start + check + "check_password".length),
    };
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
