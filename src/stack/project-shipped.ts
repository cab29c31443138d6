import type { ComposeFile } from "../artifacts/compose.ts";
import { basename } from "../core/path.ts";
import { child, textOf } from "../formats/yaml.ts";
import { servicesIn } from "./project-habits.ts";
import type { ComposeUse, ProjectPlan } from "./project-plan.ts";

const stageWord =
  /(?:^|[._-])(dev|devel|develop|development|local|qa|uat|test|testing|stage|staging)(?=[._-]|$)/i;

/**
 * A script or a workflow that is called after a stage before production starts the Compose file of that stage:
 * `deploy-dev.sh` with `compose.dev.yml`. Whether it is told as a server's is for the file's name to say.
 */
export function isOfStage(use: ComposeUse, file: string): boolean {
  const wordOf = (path: string): string | undefined => stageWord.exec(basename(path))?.[1]?.toLowerCase();
  const word = wordOf(use.at.file);
  // What a pipeline brings to a server called "dev" is on a server.
  if (word === undefined || (use.pipeline && /^(?:dev|local)/.test(word))) return false;
  return word === wordOf(file);
}

/** What ships the file; a release that names none may start another one, which only the server has. */
export function shippedBy(
  uses: readonly ComposeUse[],
  models: readonly ComposeFile[],
): Pick<ProjectPlan, "grade" | "because"> {
  const use = uses.find(each => strangeTo(each, models) === undefined);
  if (use) return { grade: "deployed", because: { text: `${use.by} ships it`, at: use.at } };
  const [first] = uses as [ComposeUse];
  return {
    grade: "presumed",
    because: { text: `${first.by} ${strangeTo(first, models)} that it does not have`, at: first.at },
  };
}

/** What a command on a server works on and the file does not have: an image that is pulled, a service that is named. */
function strangeTo(
  { named, pulls, services = [] }: ComposeUse,
  models: readonly ComposeFile[],
): string | undefined {
  if (named || !pulls) return undefined;
  const own = servicesIn(models);
  const images = own.map(({ value }) => textOf(child(value, "image"))?.value ?? "");
  const isRun = (pulled: string): boolean =>
    images.some(image => image.includes("$") || imageName(image) === imageName(pulled));
  if (pulls.length > 0 && !pulls.some(isRun)) return "pulls an image";
  const known = services.every(name => /[$?]/.test(name) || own.some(({ key }) => key.value === name));
  return known || models.some(model => model.roots.some(root => child(root, "include")))
    ? undefined
    : "starts a service";
}

/** The last part of an image's name: the registry and the owner are often variables. */
function imageName(image: string): string {
  return (image.split("/").at(-1) ?? "").replace(/[:@].*$/, "");
}
