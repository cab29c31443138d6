import type { ComposeSource, LabProject, UpOptions } from "../core/engine.ts";

/** Arguments for `docker`; pure, so that they can be read in tests and plans. */

export function configArguments({ directory, files, options = [] }: ComposeSource): string[] {
  const named = files.flatMap(file => ["--file", file.startsWith("/") ? file : `${directory}/${file}`]);
  return ["compose", "--project-directory", directory, ...named, ...options, "config", "--format", "json"];
}

export function buildArguments(lab: LabProject, service: string): string[] {
  return [...compose(lab), "--progress", "plain", "build", service];
}

export function pullArguments(lab: LabProject, service: string): string[] {
  return [...compose(lab), "--progress", "plain", "pull", "--policy", "missing", service];
}

export function upArguments(lab: LabProject, options: UpOptions = {}): string[] {
  return [
    ...[...compose(lab), "--progress", "plain", "up", "--detach", "--no-build"],
    ...(options.recreate ? ["--force-recreate"] : []),
    ...(options.alone ? ["--no-deps"] : []),
    ...(options.services ?? []),
  ];
}

export function downArguments(lab: LabProject, volumes: boolean): string[] {
  return [
    ...compose(lab),
    "--progress",
    "plain",
    "down",
    "--remove-orphans",
    ...(volumes ? ["--volumes"] : []),
  ];
}

function compose({ name, file }: LabProject): string[] {
  return ["compose", "--project-name", name, "--file", file];
}
