import { dirname, join } from "../core/path.ts";
import { nginxImage, pythonImage } from "./base-images.ts";
import { execForm } from "./exec-form.ts";
import { serverLines } from "./file-server.ts";
import type { PythonApp } from "./python-app.ts";
import { manageWords } from "./python-server.ts";

/**
 * The Dockerfile of a Python web application: packages in a virtual environment that only the build writes to, then a
 * stage without compilers that runs as a user of its own. `below` is the application's root seen from the context;
 * `statics` the web server's configuration beside it, for a stage that serves collected files.
 */
export function pythonDockerfile(app: PythonApp, below: string, statics?: string): string {
  const image = pythonImage(app.version);
  const source = below === "" ? "." : `${below}/`;
  const lines = [
    `FROM ${image} AS build`,
    "ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1",
    ...systemLines(app.buildPackages, "Some packages are compiled here; the compiler stays in this stage."),
    "RUN python -m venv /opt/venv",
    "ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH",
    "WORKDIR /app",
    ...installLines(app, below, source),
    ...(app.extra.length > 0
      ? [
          "# No requirement of the project brings a server.",
          `RUN --mount=type=cache,target=/root/.cache/pip pip install ${app.extra.join(" ")}`,
        ]
      : []),
    ...(app.install.tool === "project" ? [] : [`COPY ${source} ./`]),
    ...collectLines(app),
    "",
    ...(statics === undefined ? [] : [...staticStage(join(below, statics), app.collect!.unserved!), ""]),
    `FROM ${image} AS runtime`,
    "ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1",
    ...systemLines(app.runPackages, "Libraries and programs that Python packages load."),
    "RUN groupadd --system --gid 10001 app \\",
    "    && useradd --system --uid 10001 --gid app --home-dir /app --no-create-home app",
    `WORKDIR ${app.workdir}`,
    "# Code and packages belong to root: the program reads them and cannot change them.",
    "COPY --from=build /opt/venv /opt/venv",
    "COPY --from=build /app /app",
    ...(app.writable.length > 0
      ? [`RUN mkdir -p ${app.writable.join(" ")} && chown -R app:app ${app.writable.join(" ")}`]
      : []),
    "USER app",
    `EXPOSE ${app.port}`,
    ...healthLines(app),
    `CMD ${execForm(app.start)}`,
  ];
  return lines.join("\n") + "\n";
}

function systemLines(packages: readonly string[], says: string): string[] {
  if (packages.length === 0) return [];
  return [
    `# ${says}`,
    `RUN apt-get update && apt-get install --yes --no-install-recommends ${packages.join(" ")} \\`,
    "    && rm -rf /var/lib/apt/lists/*",
  ];
}

function installLines(app: PythonApp, below: string, source: string): string[] {
  const { install } = app;
  const pip = "RUN --mount=type=cache,target=/root/.cache/pip";
  if (install.tool === "project") return [`COPY ${source} ./`, `${pip} pip install .`];
  const copies = copyLines(install.files, below);
  if (install.tool === "pip") return [...copies, `${pip} pip install --requirement ${install.files[0]}`];
  const exporter = install.exporter === undefined ? "" : ` poetry-plugin-export==${install.exporter}`;
  const tool = [
    `# ${install.tool} has an environment of its own, which stays in this stage.`,
    `${pip} python -m venv /opt/${install.tool} \\`,
    `    && /opt/${install.tool}/bin/pip install ${install.tool}==${install.version}${exporter}`,
    ...copies,
  ];
  if (install.tool === "poetry") {
    const loaded =
      install.groups.length > 0
        ? [`# A group stands behind --with because the settings load a package of it.`]
        : [];
    if (install.exporter !== undefined)
      return [
        ...tool,
        ...loaded,
        "# pip takes what the lock file names and nothing else, checks the hashes, and asks the index that it is told.",
        `RUN /opt/poetry/bin/poetry export ${install.groups.length > 0 ? `--with ${install.groups.join(",")}` : "--only main"} --output /tmp/requirements.txt`,
        `${pip} pip install --no-deps --requirement /tmp/requirements.txt`,
      ];
    return [
      ...tool,
      ...loaded,
      "RUN --mount=type=cache,target=/root/.cache/pypoetry \\",
      `    /opt/poetry/bin/poetry install${install.groups.length > 0 ? "" : " --only main"} --no-root --no-interaction`,
    ];
  }
  if (install.tool === "uv")
    return [
      ...tool,
      "RUN --mount=type=cache,target=/root/.cache/uv \\",
      "    UV_PROJECT_ENVIRONMENT=/opt/venv UV_LINK_MODE=copy /opt/uv/bin/uv sync --frozen --no-dev --no-install-project",
    ];
  return [
    ...tool,
    `${pip} /opt/pipenv/bin/pipenv requirements > /tmp/requirements.txt \\`,
    "    && pip install --requirement /tmp/requirements.txt",
  ];
}

/** Files of one directory go into the same directory of the image. */
function copyLines(files: readonly string[], below: string): string[] {
  const directories = [...new Set(files.map(dirname))];
  return directories.map(directory => {
    const here = files.filter(file => dirname(file) === directory).map(file => join(below, file));
    return `COPY ${here.join(" ")} ./${directory === "" ? "" : `${directory}/`}`;
  });
}

function collectLines(app: PythonApp): string[] {
  if (!app.collect) return [];
  const { manage, environment } = app.collect;
  const words = app.workdir === "/app" ? manageWords(manage) : [manage];
  const values = environment.map(([name, value]) => `${name}=${value}`);
  return [
    ...(values.length > 0
      ? ["# The settings do not load without these. The values exist in this one command only."]
      : []),
    `RUN ${[...values, "python", ...words, "collectstatic", "--noinput"].join(" ")}`,
  ];
}

function healthLines(app: PythonApp): string[] {
  if (app.health === undefined) return [];
  const url = `http://127.0.0.1:${app.port}${app.health}`;
  // A program that redirects to HTTPS takes this for a request that came through the proxy.
  const script = `import urllib.request as u; u.urlopen(u.Request('${url}', headers={'X-Forwarded-Proto': 'https'}), timeout=4)`;
  return [
    "# The image has no curl; Python asks the route by itself.",
    "HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \\",
    `    CMD ${execForm(["python", "-c", script])}`,
  ];
}

/** Built with `--target static`: what the program would have to serve itself otherwise. */
function staticStage(conf: string, directory: string): string[] {
  return [
    `FROM ${nginxImage} AS static`,
    ...serverLines(conf, directory, "/usr/share/nginx/html/static", 8080),
  ];
}
