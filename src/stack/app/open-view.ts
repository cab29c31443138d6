import { djangoSettings } from "../../artifacts/django.ts";
import { ownFiles } from "../../artifacts/project-files.ts";
import type { RouteAnswer } from "../../artifacts/route-tree.ts";
import type { Location } from "../../core/source.ts";
import type { AppComponent } from "./detect.ts";

const closed =
  /DEFAULT_PERMISSION_CLASSES[^\])]{0,300}\b(?:IsAuthenticated|IsAdminUser|\w*ModelPermissions)\b/;

/**
 * Whether a route that Django answers may be asked without a credential, as far as the code tells. What a router of
 * Django REST framework answers is data, and no view for probes; a view of that framework asks for a login where the
 * settings say so and the view says nothing else.
 */
export function isOpenView(component: AppComponent, { at }: RouteAnswer, module?: string): boolean {
  const { files, django, kind } = component;
  if (kind === "nest" && at) return !guardsAll(component) || opens(component, at);
  if (kind !== "django" || !django || !at) return true;
  const route = files.read(at.file)?.text.slice(at.span.start, at.span.end) ?? "";
  if (/^(?:\w+\.)*(?:\w*Router\(|register\()/.test(route)) return false;
  const settings = djangoSettings(files, django, module ?? django.defaultModule?.value);
  if (!settings?.files.some(file => closed.test(files.read(file)?.text ?? ""))) return true;
  const name = /^\w*\(\s*r?["'][^"']*["']\s*,\s*(?:\w+\.)*?(\w+)(?:\.as_view\b|\s*[,)])/.exec(route)?.[1];
  const view = name === undefined ? undefined : definition(component, name);
  // A plain function or class of Django knows nothing of that setting.
  if (!view || !/@api_view|APIView|ViewSet|generics\./.test(view)) return true;
  return /AllowAny|permission_classes\s*(?:=\s*|\(\s*)[[(]\s*[\])]/.test(view);
}

/** A guard that every route of a Nest program passes, other than one that counts requests. */
function guardsAll({ files, dir }: AppComponent): boolean {
  return ownFiles(files, dir).some(path => {
    if (!/\.[cm]?ts$/.test(path)) return false;
    const text = files.read(path)?.text ?? "";
    const guards = [...text.matchAll(/\bAPP_GUARD\b[^}]*?\buse(?:Class|Existing)\s*:\s*(\w+)/g)];
    return guards.some(([, name]) => !/Throttler/.test(name!)) || /\.useGlobalGuards\s*\(/.test(text);
  });
}

/** The route's method, or its controller, says that everybody may come. */
function opens({ files }: AppComponent, at: Location): boolean {
  const text = files.read(at.file)?.text ?? "";
  const before = text.slice(0, at.span.end);
  const method = text.slice(Math.max(before.lastIndexOf("}"), 0), at.span.end + 200);
  return [method, before.slice(0, before.indexOf("class "))].some(part =>
    /@(?:Is)?(?:Public|Open|SkipAuth|NoAuth|AllowAnonymous|Unprotected|Anonymous)\w*\s*\(/.test(part),
  );
}

/** The decorators and the first lines of a view. */
function definition({ files, dir }: AppComponent, name: string): string | undefined {
  const wanted = new RegExp(
    `^((?:@[^\\n]*\\n(?:[ \\t)\\]}][^\\n]*\\n)*)*)(?:async )?(?:def|class) ${name}\\b[^\\n]*\\n(?:[^\\n]*\\n){0,12}`,
    "m",
  );
  for (const path of ownFiles(files, dir)) {
    if (!path.endsWith(".py")) continue;
    const text = files.read(path)?.text ?? "";
    const found = text.includes(name) ? wanted.exec(text) : undefined;
    if (found) return found[0];
  }
  return undefined;
}
