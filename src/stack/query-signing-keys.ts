import { inside, join } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { serverServices } from "./query.ts";
import { environmentText } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** Keys of LexikJWTAuthenticationBundle that git leaves out and that nothing puts into the container. */

export interface AbsentKey {
  readonly service: Service;
  /** Below the program's directory. */
  readonly path: string;
  readonly at: Location;
}

export function absentKeys(stack: Stack): AbsentKey[] {
  const told = new Set<AppComponent>();
  return serverServices(stack).flatMap(service => {
    const { component, model } = service;
    if (component?.kind !== "php" || told.has(component) || !model?.workdir) return [];
    const wanted = keyOf(component);
    if (
      !wanted ||
      environmentText(service, "JWT_SECRET_KEY") !== undefined ||
      isBrought(stack, service, wanted.path)
    )
      return [];
    told.add(component);
    return [{ service, ...wanted }];
  });
}

const place = /%kernel\.project_dir%\/([\w./-]+\.(?:pem|key))/;

/** Where the bundle looks for the key: in its own file, or in the variable that the env file of the program gives. */
function keyOf(component: AppComponent): { path: string; at: Location } | undefined {
  const source = component.files.read(join(component.dir, "config/packages/lexik_jwt_authentication.yaml"));
  const line = /^[ \t]+secret_key:[ \t]*([^\n#]+)/m.exec(source?.text ?? "");
  if (!source || !line) return undefined;
  const at = locate(source, line.index + line[0].search(/\S/), line.index + line[0].trimEnd().length);
  const own = place.exec(line[1]!)?.[1];
  if (own !== undefined) return { path: own, at };
  if (!/%env\(resolve:JWT_SECRET_KEY\)%/.test(line[1]!)) return undefined;
  const env = component.files.read(join(component.dir, ".env"))?.text ?? "";
  const given = place.exec(/^[ \t]*JWT_SECRET_KEY=(.*)$/m.exec(env)?.[1] ?? "")?.[1];
  return given === undefined ? undefined : { path: given, at };
}

/** Another value than the usual place, or a command. */
const makes =
  /generate-keypair|\bopenssl\b[^\n]*(?:genpkey|genrsa)|JWT_SECRET_KEY["']?[ \t]*[:=][ \t]*(?!["']?%kernel|["'\s])\S/;

/** In git, by a mount or a secret, or by whatever speaks of making it. */
function isBrought(stack: Stack, service: Service, path: string): boolean {
  const { dir } = service.component!;
  const inContainer = join(service.model!.workdir!, path);
  if (stack.files.has(join(dir, path)) !== undefined || service.secrets.length > 0) return true;
  if (
    service.mounts.some(
      ({ target }) => inside(target, inContainer) !== undefined || /jwt|keys?\b|secrets/i.test(target),
    )
  )
    return true;
  const settings = [join(dir, ".env"), join(dir, "config/packages/lexik_jwt_authentication.yaml")];
  const folder = `${path.slice(0, path.lastIndexOf("/"))}/`;
  return [...stack.sources].some(([file, { text }]) => {
    if (settings.includes(file) || /(?:^|\/)\.env\.test$/.test(file)) return false;
    return makes.test(text) || text.replaceAll(`%kernel.project_dir%/${folder}`, "").includes(folder);
  });
}
