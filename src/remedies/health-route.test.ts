import { expect, it } from "vitest";
import type { PageFile } from "../pages/page.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { healthRoute } from "./health-route.ts";

const file = ([path, text]: [string, string]): PageFile => ({
  ...{ path, text },
  ...{ ignored: false, untracked: false, directory: false },
});

/** The route for probes of a Django project whose API asks for a login unless a view says otherwise. */
async function routeOf(urls: string, views = ""): Promise<string | undefined> {
  const files = {
    "requirements.txt": "django==5.2.8\ndjangorestframework==3.16.0\n",
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "reef.settings")\n',
    "reef/__init__.py": "",
    "reef/settings.py":
      'ROOT_URLCONF = "reef.urls"\nREST_FRAMEWORK = {\n    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],\n}\n',
    "reef/urls.py": urls,
    "reef/views.py": views,
  };
  const stack = await link(pageFiles(Object.entries(files).map(file)), { now: new Date("2026-11-21") });
  return healthRoute(stack.components.find(component => component.kind === "django")!);
}

const paths = (body: string) =>
  `from django.urls import include, path\nfrom reef.views import alive\nurlpatterns = [${body}]\n`;

it("takes no list of health records for a probe", async () => {
  const urls = `from django.urls import include, path
from rest_framework.routers import DefaultRouter
router = DefaultRouter()
urlpatterns = [path("health/", include(router.urls))]
`;
  expect(await routeOf(urls)).toBeUndefined();
});

it("takes no view that asks for a login, and the one that is open to all", async () => {
  const head = "from rest_framework.decorators import api_view, permission_classes\n";
  const body = "def alive(request):\n    return Response({})\n";
  const urls = paths('path("health-check/", alive)');
  expect(await routeOf(urls, `${head}\n@api_view(["GET"])\n${body}`)).toBeUndefined();
  const open = `${head}\n@api_view(["GET"])\n@permission_classes([AllowAny])\n${body}`;
  expect(await routeOf(urls, open)).toBe("/health-check/");
  expect(await routeOf(urls, `${head}\n@api_view(["GET"])\n@permission_classes([])\n${body}`)).toBe(
    "/health-check/",
  );
});

it("takes a plain view of Django, which the setting does not concern", async () => {
  expect(
    await routeOf(paths('path("health/", alive)'), "def alive(request):\n    return HttpResponse()\n"),
  ).toBe("/health/");
});
