import { beforeAll, describe, expect, it } from "vitest";
import { loadPython } from "../formats/python.ts";
import { djangoSettings, findDjangoProjects } from "./django.ts";
import { djangoServes } from "./django-urls.ts";
import { projectOf } from "./files.testing.ts";

beforeAll(loadPython);

const manage = `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n`;
const settings = `ROOT_URLCONF = "shop.urls"\nMIDDLEWARE = ["django.middleware.common.CommonMiddleware"]\n`;
const imports = "from django.urls import path, re_path, include\nfrom django.contrib import admin\n";

function answers(urls: string, paths: readonly string[], more: Record<string, string> = {}): string[] {
  const files = projectOf({
    "manage.py": manage,
    "shop/settings.py": settings,
    "shop/urls.py": imports + urls,
    ...more,
  });
  const project = findDjangoProjects(files)[0]!;
  const known = djangoSettings(files, project);
  return paths.map(path => djangoServes(files, project, known, path).answer);
}

describe("djangoServes", () => {
  it("matches paths, converters and expressions to their end", () => {
    const urls = `urlpatterns = [path("health/", v), path("u/<int:pk>/", v), re_path(r"^x/(?P<y>[0-9]{4})/$", v), path("", v)]\n`;
    expect(
      answers(urls, ["/health/", "/u/5/", "/u/a/", "/x/2024/", "/x/2024/a", "/", "/nope/", "/health/?a=1"]),
    ).toEqual(["yes", "yes", "no", "yes", "no", "yes", "no", "yes"]);
  });

  it("knows the redirect to the slash, and when it is turned off", () => {
    expect(answers(`urlpatterns = [path("health/", v)]\n`, ["/health", "/health/"])).toEqual([
      "redirect",
      "yes",
    ]);
    const off = { "shop/settings.py": `${settings}APPEND_SLASH = False\n` };
    expect(answers(`urlpatterns = [path("health/", v)]\n`, ["/health"], off)).toEqual(["no"]);
  });

  it("follows includes by name, tuple, list and router", () => {
    const urls = `from shop.api import router\nextra = [path("e/", v)]\nurlpatterns = [path("a/", include("app.urls")), path("b/", include(("app.urls", "app"), namespace="b")), path("c/", include(extra)), path("d/", include(router.urls))]\nurlpatterns += [path("f/", v)]\n`;
    const more = {
      "app/urls.py": `from django.urls import path\nurlpatterns = [path("in/", v)]\n`,
      "shop/api.py": `from rest_framework.routers import DefaultRouter\nfrom app.api import other\nrouter = DefaultRouter()\nrouter.register(r"items", V)\nrouter.registry.extend(other.registry)\n`,
      "app/api.py": `from rest_framework.routers import SimpleRouter\nother = SimpleRouter()\nother.register("things", V)\n`,
    };
    expect(
      answers(
        urls,
        [
          "/a/in/",
          "/a/out/",
          "/b/in/",
          "/c/e/",
          "/d/",
          "/d/items/",
          "/d/items/3/",
          "/d/things/",
          "/d/none/",
          "/f/",
        ],
        more,
      ),
    ).toEqual(["yes", "no", "yes", "yes", "yes", "yes", "unknown", "yes", "no", "yes"]);
  });

  it("is unknown only below an include that cannot be followed", () => {
    const urls = `urlpatterns = [path("auth/", include("allauth.urls")), path("", include("gone.urls")) if X else path("y/", v)]\n`;
    expect(answers(urls, ["/auth/login/", "/health/"])).toEqual(["unknown", "unknown"]);
    expect(
      answers(`urlpatterns = [path("auth/", include("allauth.urls"))]\n`, ["/auth/x/", "/health/"]),
    ).toEqual(["unknown", "no"]);
    expect(answers(`urlpatterns = make()\n`, ["/health/"])).toEqual(["unknown"]);
  });

  it("serves the admin's own pages and nothing surely below it", () => {
    expect(
      answers(`urlpatterns = [path("admin/", admin.site.urls)]\n`, [
        "/admin/",
        "/admin/login/",
        "/admin/x/",
        "/admin",
      ]),
    ).toEqual(["yes", "yes", "unknown", "redirect"]);
  });

  it("follows Ninja APIs, their routers and pages", () => {
    const urls = `from shop.api import api\nurlpatterns = [path("api/", api.urls)]\n`;
    const more = {
      "shop/api.py": `from ninja import NinjaAPI\nfrom app.health import router as health\napi = NinjaAPI()\n@api.get("/ping")\ndef ping(r): ...\napi.add_router("/health", health)\napi.add_router("/lazy", "app.health.router")\n`,
      "app/health.py": `from ninja import Router\nrouter = Router()\n@router.get("/ready")\ndef ready(r): ...\n@router.get("/{name}/x")\ndef x(r): ...\n`,
    };
    expect(
      answers(
        urls,
        [
          "/api/ping",
          "/api/health",
          "/api/health/ready",
          "/api/health/a/x",
          "/api/lazy/ready",
          "/api/docs",
          "/api/none",
        ],
        more,
      ),
    ).toEqual(["yes", "no", "yes", "yes", "yes", "yes", "no"]);
  });

  it("lets a middleware that knows the path keep the answer open", () => {
    const more = {
      "shop/settings.py": `ROOT_URLCONF = "shop.urls"\nMIDDLEWARE = ["shop.alive.Middleware"]\n`,
      "shop/alive.py": `PATH = "/healthz"\n`,
    };
    expect(answers(`urlpatterns = []\n`, ["/healthz"], more)).toEqual(["unknown"]);
    const plain = {
      ...more,
      "shop/settings.py": `ROOT_URLCONF = "shop.urls"\nMIDDLEWARE = ["shop.log.Middleware"]\n`,
      "shop/log.py": "",
    };
    expect(answers(`urlpatterns = []\n`, ["/healthz"], plain)).toEqual(["no"]);
  });

  it("ends on routers and modules that hold themselves", () => {
    const urls = `from rest_framework.routers import SimpleRouter\nfrom shop.more import *\nr = SimpleRouter()\n${"r.registry.extend(r.registry)\n".repeat(30)}a = [${"a, ".repeat(60)}]\nurlpatterns = [path("r/", include(r.urls)), path("a/", include(a))]\n`;
    const more = { "shop/more.py": "from shop.urls import *\nfrom shop.more import *\n" };
    const started = performance.now();
    expect(answers(urls, ["/r/x/", "/a/x/"], more)).toEqual(["unknown", "unknown"]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("answers by the settings that it is asked with", () => {
    const files = projectOf({
      "manage.py": manage,
      "shop/settings.py": `${settings}MEDIA_URL = "/m/"\n`,
      "shop/other.py": `${settings}MEDIA_URL = "/n/"\n`,
      "shop/urls.py": `${imports}urlpatterns = [] + static(settings.MEDIA_URL)\n`,
    });
    const project = findDjangoProjects(files)[0]!;
    const ask = (module: string) =>
      djangoServes(files, project, djangoSettings(files, project, module), "/m/a").answer;
    expect([ask("shop.settings"), ask("shop.other")]).toEqual(["unknown", "no"]);
  });

  it("ends on urls that include each other and on hostile expressions", () => {
    const urls = `urlpatterns = [path("", include("shop.urls")), re_path(r"^(a+)+$", v)]\n`;
    expect(answers(urls, [`/${"a".repeat(60)}!`])).toEqual(["unknown"]);
  });
});
