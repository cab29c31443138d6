import { expect, it } from "vitest";
import { isKept } from "../core/rule.ts";
import { applyFixes } from "../fix/apply.ts";
import { pageFiles } from "../pages/page-files.ts";
import nonRoot from "../rules/access/non-root.ts";
import { link } from "../stack/link.ts";

type Files = Readonly<Record<string, string>>;

const compose = "services:\n  web:\n    build: .\n    restart: always\n";
const start = 'CMD ["python", "app.py"]\n';
const file = (...lines: string[]) => ["FROM python:3.13-slim", "WORKDIR /app", ...lines, start].join("\n");

/** The Dockerfile with the user; undefined where none is offered. */
async function mended(files: Files): Promise<string | undefined> {
  const all = { "compose.yml": compose, ...files };
  const stack = await link(
    pageFiles(
      Object.entries(all).map(([path, text]) => ({
        ...{ path, text },
        ...{ ignored: false, untracked: false, directory: false },
      })),
    ),
  );
  const [found] = [...nonRoot.check(stack)];
  if (!found || isKept(found)) throw new Error("nothing is found");
  const fix = found.fix?.();
  return fix && applyFixes(name => all[name as keyof typeof all], [fix]).changed.get("Dockerfile");
}

it("gives the user what the Dockerfile makes outside of the working directory", async () => {
  const text = await mended({ Dockerfile: file("RUN mkdir -p /data/uploads /tmp/x", "VOLUME /models") });
  expect(text).toContain("chown -R app:app /app /models /data/uploads\nUSER app\n");
});

it("names no directory that differs from image to image", async () => {
  const text = await mended({
    Dockerfile: `FROM node:22\nARG APP=api\nWORKDIR /srv/\${APP}\nCMD ["node", "."]\n`,
  });
  expect(text).toContain("RUN chown -R node:node .\nUSER node\n");
});

it("lets caches of the build and cleaning up be", async () => {
  const text = await mended({
    Dockerfile: file("RUN --mount=type=cache,target=/root/.cache pip install flask && rm -rf /root/.npm"),
  });
  expect(text).toContain("USER app");
});

it.each([
  ["a tool lies in the home of root", file("ENV PATH=/root/.local/bin:$PATH")],
  ["files are put there", file("RUN mkdir -p /root/.config/shop")],
  ["a browser is fetched for root", file("RUN pip install playwright && playwright install chromium")],
  [
    "a browser is fetched for root, and models lie elsewhere",
    file("ENV HF_HOME=/models", "RUN pip install playwright && playwright install chromium"),
  ],
  ["the environment of poetry is root's", file("RUN pip install poetry && poetry install")],
  [
    "the package manager was fetched for root",
    'FROM node:22\nWORKDIR /app\nRUN corepack enable && corepack prepare pnpm@9 --activate\nCMD ["pnpm", "start"]\n',
  ],
  [
    "the start changes owners",
    file("COPY start.sh .").replace(start, 'ENTRYPOINT ["/app/start.sh"]\n'),
    "#!/bin/sh\nsetfacl -R -m u:web:rwX var\nexec python app.py\n",
  ],
])("offers no user where %s", async (_, Dockerfile, script = "#!/bin/sh\n") => {
  expect(await mended({ Dockerfile, "start.sh": script })).toBeUndefined();
});

it("offers one where none of that is so", async () => {
  const Dockerfile = file("COPY start.sh .").replace(start, 'ENTRYPOINT ["/app/start.sh"]\n');
  const script = "#!/bin/sh\npython migrate.py\nexec python app.py\n";
  expect(await mended({ Dockerfile, "start.sh": script })).toContain("USER app");
});

it("offers none where another service of the image speaks with the engine", async () => {
  const agent = "  agent:\n    build: .\n    volumes: [/var/run/docker.sock:/var/run/docker.sock]\n";
  expect(await mended({ Dockerfile: file() })).toContain("USER app");
  expect(await mended({ Dockerfile: file(), "compose.yml": compose + agent })).toBeUndefined();
});
