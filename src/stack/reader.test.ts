import fc from "fast-check";
import { expect, test } from "vitest";
import { composeFile } from "../artifacts/compose.ts";
import { devcontainer } from "../artifacts/devcontainer.ts";
import { dockerfile } from "../artifacts/dockerfile.ts";
import { dockerignore } from "../artifacts/dockerignore.ts";
import { envFile } from "../artifacts/env-file.ts";
import { makefile } from "../artifacts/makefile.ts";
import { nginx } from "../artifacts/nginx.ts";
import { prometheus } from "../artifacts/prometheus.ts";
import { script } from "../artifacts/script.ts";
import { workflow } from "../artifacts/workflow.ts";
import { keyFiles } from "./query-keys.ts";
import { maySpeakOfDeployment } from "./reader.ts";
import { runbooks } from "./runbooks.ts";

const kinds = [
  composeFile,
  devcontainer,
  dockerfile,
  dockerignore,
  envFile,
  makefile,
  nginx,
  prometheus,
  script,
  workflow,
];
const words = fc.constantFrom(
  ...["Dockerfile", "containerfile", ".env", "env", "compose", "docker-compose", "nginx", "default", "app"],
  ...["sites-available", "sites-enabled", ".github", "workflows", "prometheus", "Makefile", "entrypoint"],
  ...["bin", "scripts", "id_rsa", "README", ".devcontainer", "devcontainer", ".dockerignore", "deploy"],
);
const endings = fc.constantFrom(
  ...["", ".js", ".ts", ".py", ".css", ".html", ".go", ".rb", ".map", ".svg", ".yml", ".conf", ".sh", ".mk"],
  ...[".json", ".md", ".pem", ".example", ".dockerfile", "-prod", ".prod.js", ".env", ".template", ".H"],
);
const part = fc.tuple(words, endings, endings).map(parts => parts.join(""));
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => parts.join("/"));

test("what any artefact is recognised by may speak of a deployment", () => {
  fc.assert(
    fc.property(path, file => {
      const recognised =
        kinds.some(kind => kind.recognises(file)) || [...keyFiles([file]), ...runbooks([file])].length > 0;
      if (recognised) expect(maySpeakOfDeployment(file)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test("most program code is passed over", () => {
  for (const file of ["src/index.js", "a/b.test.tsx", "shop/settings.py", "public/logo.svg"])
    expect(maySpeakOfDeployment(file)).toBe(false);
});
