import { type Dockerfile, dockerfile } from "../artifacts/dockerfile.ts";
import type { Parsed } from "../core/artifact.ts";

/** Reads a Dockerfile that a remedy wrote. */
export function parseDockerfileModel(file: {
  readonly path: string;
  readonly text: string;
}): Parsed<Dockerfile> {
  return dockerfile.parse(file);
}
