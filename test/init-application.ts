import { isKept } from "../src/core/rule.ts";
import type { PageFile } from "../src/pages/page.ts";
import { pageFiles } from "../src/pages/page-files.ts";
import { stackFiles } from "../src/remedies/stack-files.ts";
import { planStack } from "../src/remedies/stack-plan.ts";
import { rules } from "../src/rules/registry.generated.ts";
import { link } from "../src/stack/link.ts";

const now = new Date("2026-11-21T12:00:00Z");
const file = ([path, text]: [string, string]): PageFile => ({
  ...{ path, text },
  ...{ ignored: false, untracked: false, directory: false },
});
export const lock = '{"lockfileVersion": 3, "packages": {}}';

/** An API and its pages, as their authors would commit them: nothing in them is wrong. */
export const application: Record<string, string> = {
  "api/requirements.txt":
    "django==5.2.8\npsycopg[binary]==3.2.12\ngunicorn==23.0.0\ncelery==5.5.3\nredis==6.4.0\n",
  "api/manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
  "api/shop/__init__.py": "",
  "api/shop/wsgi.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
  "api/shop/celery.py": 'from celery import Celery\napp = Celery("shop")\n',
  "api/shop/urls.py":
    'from django.http import HttpResponse\nfrom django.urls import path\nurlpatterns = [path("api/health/", lambda request: HttpResponse("ok")), path("shop/", lambda request: HttpResponse("hello"))]\n',
  "api/shop/settings.py": `import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["DB_HOST"],
        "NAME": os.environ["DB_NAME"],
        "USER": os.environ["DB_USER"],
        "PASSWORD": os.environ["DB_PASSWORD"],
    }
}
CELERY_BROKER_URL = os.environ["CELERY_BROKER_URL"]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
INSTALLED_APPS = ["django.contrib.staticfiles"]
LOGGING = {"version": 1, "handlers": {"console": {"class": "logging.StreamHandler"}}, "root": {"handlers": ["console"]}}
`,
  "web/package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7.2.2"}}',
  "web/package-lock.json": lock,
  "web/index.html": '<div id="app"></div>\n',
  "web/src/main.js": 'fetch("/api/health/");\n',
};

/** What `init` writes for these files, and the stack that comes of it. */
export async function written(texts: Record<string, string>) {
  const before = await link(pageFiles(Object.entries(texts).map(file)), { now });
  const plan = planStack(before, "shop");
  const result = stackFiles(plan);
  const all = { ...texts, ...Object.fromEntries(result.files.map(each => [each.path, each.text])) };
  const stack = await link(pageFiles([...Object.entries(all).map(file)]), { now });
  return { plan, result, stack, text: (path: string) => result.files.find(each => each.path === path)!.text };
}

/** What the rules say of a stack, as `rule: message`. */
export const found = (stack: Awaited<ReturnType<typeof written>>["stack"]) =>
  rules.flatMap(rule =>
    [...rule.check(stack)].flatMap(outcome => (isKept(outcome) ? [] : [`${rule.id}: ${outcome.message}`])),
  );
