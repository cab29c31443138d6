import { describe, expect, it } from "vitest";
import { isKept } from "../core/rule.ts";
import { applyFixes } from "../fix/apply.ts";
import { pageFiles } from "../pages/page-files.ts";
import https from "../rules/proxy/https.ts";
import { rules } from "../rules/registry.generated.ts";
import { link } from "../stack/link.ts";

type Files = Readonly<Record<string, string>>;

const stackOf = (files: Files) =>
  link(
    pageFiles(
      Object.entries(files).map(([path, text]) => ({
        path,
        text,
        ignored: false,
        untracked: false,
        directory: false,
      })),
    ),
    { now: new Date("2026-11-21T12:00:00Z") },
  );

/** The project with the front door, or undefined where none is offered. */
async function mended(files: Files): Promise<Files | undefined> {
  const [found] = [...https.check(await stackOf(files))];
  const fix = found && !isKept(found) ? found.fix?.() : undefined;
  return fix && { ...files, ...Object.fromEntries(applyFixes(name => files[name], [fix]).changed) };
}

async function findings(files: Files): Promise<string[]> {
  const stack = await stackOf(files);
  return rules.flatMap(rule =>
    [...rule.check(stack)].flatMap(each => (isKept(each) ? [] : [`${rule.id} ${each.subject}`])),
  );
}

const django: Files = {
  "compose.yml": `services:
  web:
    build: .
    restart: unless-stopped
    ports: ["8000:8000"]
  db:
    image: postgres:17.10
`,
  Dockerfile:
    'FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nUSER app\nCMD ["gunicorn", "shop.wsgi", "--bind", "0.0.0.0:8000"]\n',
  "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
  "shop/wsgi.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
  "shop/settings.py": `import os

DEBUG = os.environ.get("DEBUG") == "1"
ALLOWED_HOSTS = ["shop.example.org"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
`,
};

describe("a front door for a program that is published in plain HTTP", () => {
  it("tells Django of it, takes the port off the network, and brings no finding", async () => {
    const after = await mended(django);
    expect(after?.["compose.yml"]).toContain('ports: ["127.0.0.1:8000:8000"]');
    expect(after?.["compose.yml"]).toContain("networks: [default, front-door]");
    expect(after?.["shop/settings.py"]?.split("\n").slice(-4)).toEqual([
      'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")',
      "SESSION_COOKIE_SECURE = not DEBUG",
      "CSRF_COOKIE_SECURE = not DEBUG",
      "",
    ]);
    const before = new Set(await findings(django));
    expect((await findings(after!)).filter(each => !before.has(each))).toEqual([]);
  });

  it("gives up a port that nginx needs", async () => {
    const compose = django["compose.yml"]!.replace('["8000:8000"]', '["80:8000"]');
    const after = await mended({ ...django, "compose.yml": compose });
    expect(after?.["compose.yml"]).not.toContain("80:8000");
    expect(after?.["compose.yml"]).toContain('ports: ["80:80", "443:443"]');
  });

  it.each([
    ["another program is published as well", "  other:\n    build: .\n    ports: ['9000:9000']\n"],
    ["there is an nginx", "  nginx:\n    image: nginx:1.30.5\n"],
    ["port 443 is taken", "  mail:\n    image: axllent/mailpit:v1.20\n    ports: ['443:8025']\n"],
  ])("is not offered where %s", async (_what, service) => {
    expect(await mended({ ...django, "compose.yml": django["compose.yml"] + service })).toBeUndefined();
  });

  it("is not offered where its folder is there", async () => {
    expect(await mended({ ...django, "front-door/note.txt": "ours\n" })).toBeUndefined();
  });
});
