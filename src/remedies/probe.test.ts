import { describe, expect, it } from "vitest";
import type { PageFile } from "../pages/page.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { addHealthcheck, composeTest, dockerfileTest, probeFor, replaceProbe } from "./probe.ts";

const file = (path: string, text: string): PageFile => ({
  path,
  text,
  ignored: false,
  untracked: false,
  directory: false,
});

/** The health check that would be written for the first service of a Compose file. */
async function testOf(service: string, others: Readonly<Record<string, string>> = {}, head = "") {
  const text = `${head}services:\n  web:\n${service.replace(/^/gm, "    ")}\n`;
  const files = Object.entries(others).map(([path, content]) => file(path, content));
  const stack = await link(pageFiles([file("compose.yml", text), ...files]));
  const probe = probeFor(stack, stack.services[0]!);
  return { stack, service: stack.services[0]!, probe, test: probe && composeTest(probe) };
}

describe("health checks of stores", () => {
  it.each([
    ["image: postgres:16", '["CMD-SHELL", "pg_isready -q -h 127.0.0.1 -U postgres"]'],
    [
      "image: postgis/postgis:16-3.4\nenvironment:\n  POSTGRES_USER_FILE: /run/secrets/user\n  POSTGRES_DB: x",
      `["CMD-SHELL", 'pg_isready -q -h 127.0.0.1 -U "$$(cat "$$POSTGRES_USER_FILE")" -d "$$POSTGRES_DB"']`,
    ],
    [
      "image: postgres:16\nenv_file: absent.env",
      `["CMD-SHELL", 'pg_isready -q -h 127.0.0.1 -U "$\${POSTGRES_USER:-postgres}"']`,
    ],
    [
      "image: postgres:16\ncommand: postgres -c max_connections=$MAX",
      '["CMD-SHELL", "pg_isready -q -h 127.0.0.1 -U postgres"]',
    ],
    ["image: mysql:8.4", '["CMD", "mysqladmin", "ping", "-h", "127.0.0.1", "--silent"]'],
    ["image: mariadb:11", '["CMD", "healthcheck.sh", "--connect"]'],
    [
      "image: mongo:7",
      '["CMD", "mongosh", "--quiet", "--eval", "quit(db.adminCommand({ ping: 1 }).ok ? 0 : 1)"]',
    ],
    ["image: redis:7", '["CMD-SHELL", "redis-cli ping | grep -q PONG"]'],
    ["image: rabbitmq:4", '["CMD", "rabbitmq-diagnostics", "-q", "check_port_connectivity"]'],
  ])("%s", async (service, expected) => {
    expect((await testOf(service)).test).toBe(expected);
  });

  it.each([
    "image: postgres:16\ncommand: postgres -p 5433",
    "image: postgres:16\ncommand: -c port=5433",
    "image: postgres:16\nentrypoint: /start.sh",
    "image: postgres:16\ncommand: pg_dump -h other shop",
    "image: mariadb:latest",
    "image: mysql:8.4\ncommand: --port=3307",
    "image: redis:7\ncommand: redis-server --port $PORT",
    "image: redis:7\ncommand: redis-server /etc/unseen.conf",
    "image: redis:7\ncommand: redis-server --tls-port 6379 --port 0",
    "image: memcached:1",
    "image: example.org/own/database:1",
  ])("knows none for %s", async service => {
    expect((await testOf(service)).test).toBeUndefined();
  });

  it("reads what a configuration file of the repository says", async () => {
    const mounted = "image: redis:7\ncommand: redis-server /redis.conf\nvolumes: [./redis.conf:/redis.conf]";
    const guarded = await testOf(mounted, { "redis.conf": "appendonly yes\nrequirepass x\n" });
    expect(guarded.test).toBe(`["CMD-SHELL", "redis-cli ping | grep -qE 'PONG|NOAUTH'"]`);
    expect((await testOf(mounted, { "redis.conf": "port 6380\n" })).test).toBeUndefined();
  });
});

const django = (settings: string) => ({
  Dockerfile:
    'FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD ["gunicorn", "--bind", "0.0.0.0:8000", "shop.wsgi"]\n',
  "requirements.txt": "django\ngunicorn\n",
  "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
  "shop/wsgi.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
  "shop/settings.py": `ROOT_URLCONF = "shop.urls"\nINSTALLED_APPS = []\nMIDDLEWARE = []\n${settings}\n`,
  "shop/urls.py":
    'from django.urls import path\nfrom . import views\nurlpatterns = [path("healthz/", views.up)]\n',
  "shop/views.py": "def up(request):\n    return None\n",
});

describe("health checks of applications", () => {
  it("asks a route that Django answers to a caller inside the container", async () => {
    const { test } = await testOf("build: .", django('ALLOWED_HOSTS = ["127.0.0.1", "shop.example"]'));
    expect(test).toBe(
      `["CMD", "python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz/', timeout=4)"]`,
    );
  });

  it("asks for any answer under an allowed name where Django would refuse or redirect the route", async () => {
    const { test } = await testOf("build: .", django('ALLOWED_HOSTS = ["shop.example"]'));
    expect(test).toContain("c.request('GET', '/', headers={'Host': 'shop.example'})");
    const redirected = django('ALLOWED_HOSTS = ["*"]\nSECURE_SSL_REDIRECT = True');
    expect((await testOf("build: .", redirected)).test).toContain("c.request('GET', '/');");
  });

  it("knows none for a worker, an unknown port and an image without a client", async () => {
    const files = django('ALLOWED_HOSTS = ["*"]');
    const worker = { ...files, Dockerfile: `${files.Dockerfile}EXPOSE 8000\n` };
    expect((await testOf("build: .\ncommand: celery -A shop worker", worker)).test).toBeUndefined();
    expect((await testOf("build: .\ncommand: gunicorn -c conf.py shop.wsgi", files)).test).toBeUndefined();
    const bare = 'FROM scratch\nCOPY server /server\nEXPOSE 80\nCMD ["/server"]\n';
    expect((await testOf("build: .", { Dockerfile: bare, server: "" })).test).toBeUndefined();
  });
});

it("writes the same check for a Dockerfile without Compose's dollars", async () => {
  const { probe } = await testOf("image: postgres:16\nenvironment:\n  POSTGRES_USER: shop");
  expect(dockerfileTest(probe!)).toBe('pg_isready -q -h 127.0.0.1 -U "$POSTGRES_USER"');
});

it("adds nothing to what other services get as well", async () => {
  const shared = await testOf("<<: *base", {}, "x-base: &base\n  image: redis:7\n");
  expect(addHealthcheck(shared.stack, shared.service)).toBeUndefined();
  const anchored = "services:\n  web: &web\n    image: redis:7\n  other:\n    <<: *web\n";
  const stack = await link(pageFiles([file("compose.yml", anchored)]));
  expect(addHealthcheck(stack, stack.services[0]!)).toBeUndefined();
});

it("replaces no check that services of other images share", async () => {
  const text =
    'x: &check\n  test: ["CMD", "curl", "-f", "http://localhost:9090/"]\nservices:\n  web:\n    image: prom/prometheus:v3\n    healthcheck: *check\n  other:\n    image: nginx:1.27\n    healthcheck: *check\n';
  const stack = await link(pageFiles([file("compose.yml", text)]));
  expect(replaceProbe(stack, stack.services[0]!)).toBeUndefined();
  const alone = text
    .replace("    healthcheck: *check\n", "    healthcheck: {}\n")
    .replace("  web:\n", "  web:\n    # alone\n");
  const second = await link(
    pageFiles([file("compose.yml", alone.replace("nginx:1.27", "prom/prometheus:v3"))]),
  );
  expect(replaceProbe(second, second.services[1]!)?.edits).toHaveLength(1);
});
