import type { ArtifactKind } from "../core/artifact.ts";
import { basename } from "../core/path.ts";
import type { Ignore } from "../formats/dockerignore.ts";
import { parseDockerignore } from "../formats/dockerignore.ts";

/** `.dockerignore`, or `<Dockerfile>.dockerignore` beside the Dockerfile it belongs to. */
export const dockerignore: ArtifactKind<Ignore> = {
  kind: "dockerignore",
  recognises: path => /(^|[^/])\.dockerignore$/.test(basename(path)),
  parse: parseDockerignore,
};
