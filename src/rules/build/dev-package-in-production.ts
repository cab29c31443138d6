import { djangoSettingUnder } from "../../artifacts/django-settings.ts";
import type { PythonDependency } from "../../artifacts/python-dependencies.ts";
import { join } from "../../core/path.ts";
import { onlyWhereInstalled } from "../../remedies/optional-tool.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { developmentOnly, placeOf } from "../../stack/query-apps.ts";
import { installsOf, type StageInstall } from "../../stack/query-locks.ts";
import { pythonAt } from "../../stack/query-runtime.ts";
import { type SettingsInForce, settingsInForce } from "../../stack/query-settings.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/dev-package-in-production",
  title: "Production settings use no package of the development group",
  claim: "boots-healthy",
  severity: "medium",
  why: "An image that is built as it should be, without development packages, ends with ModuleNotFoundError when it starts.",
  *check(stack) {
    for (const inForce of settingsInForce(stack)) {
      const { service, settings, lookup } = inForce;
      const installs = service.build ? installsOf([service.build]).filter(isProject) : [];
      for (const { stage, install } of installs) {
        const source = stage.fileBefore(install.at, join(install.directory ?? "/", "pyproject.toml")).source;
        const manifest = source === undefined ? undefined : pythonAt(stack, source);
        const value = settings.values.get("INSTALLED_APPS");
        const apps = djangoSettingUnder(settings, "INSTALLED_APPS", lookup);
        if (!manifest || !value || !Array.isArray(apps)) continue;
        for (const app of apps) {
          if (typeof app !== "string") continue;
          const found = developmentOnly(app, manifest.dependencies);
          const at = found && placeOf(value, app);
          if (!found || !at) continue;
          yield {
            subject: `${service.name} ${found.name}`,
            message: message(inForce, app, found, install.dev),
            evidence: [
              evidence(at, "loaded in production"),
              evidence(found.at, `in group ${found.group}`),
              evidence(install.at, install.dev ? "installs the development group" : "leaves the group out"),
            ],
            severity: weigh(service, install.dev ? "medium" : "critical"),
            fix: () => onlyWhereInstalled(stack, inForce, app),
          };
        }
      }
    }
  },
});

function isProject({ install }: StageInstall): boolean {
  return ["poetry", "uv"].includes(install.manager) && install.names.length === 0 && !install.global;
}

function message(
  { service }: SettingsInForce,
  app: string,
  found: PythonDependency,
  installed: boolean,
): string {
  const fact = `The settings of service "${service.name}" load ${app}, which comes from ${found.name} of the group "${found.group}"`;
  return installed
    ? `${fact}: it starts only because the image installs development packages, too.`
    : `${fact}, and the image leaves that group out: the process ends with ModuleNotFoundError.`;
}
