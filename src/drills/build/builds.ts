import { type Lab, type LabImage, NotSeen } from "../../core/drill.ts";
import { labLabel } from "../../core/engine.ts";
import { dirname, join } from "../../core/path.ts";
import { buildSubject, callerName, mayAppear } from "../../stack/query-build.ts";
import type { Build } from "../../stack/stack.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { longRunning, seconds } from "../targets.ts";
import { isOfTheWorld } from "../world.ts";

export default defineDrill({
  id: "build/builds",
  title: "Every image builds from what the project has",
  claim: "builds",
  disturbs:
    "Builds each image from a copy of the project, without version control, dependencies and data: those of the services, and those that its pipelines and scripts build otherwise.",
  targets: stack => [
    ...longRunning(stack)
      .filter(({ build }) => build !== undefined)
      .map(({ name }) => ({ subject: name, services: [] })),
    ...otherBuilds(stack).map(build => ({ subject: subjectOf(build), services: [] })),
  ],
  async run(scene, { subject }, stack) {
    const { lab } = scene;
    const other = otherBuilds(stack).find(build => subjectOf(build) === subject);
    const rootOf = () => (other ? undefined : lab.rootOf(subject));
    let words = "";
    let how = "";
    await scene.disturb(`build the image of ${subject}`, async () => {
      const image = other ? await buildOther(lab, other) : imageOf(lab, subject);
      words = image.how === "missing" ? image.words : "";
      how = image.how;
      return image.how === "missing" ? "it does not end well" : `it took ${seconds(image.ms)}`;
    });
    await scene.steady("what it needs from outside can be had", async () => {
      if (isOfTheWorld(words)) throw new NotSeen(words, rootOf());
      if (other) {
        const path = absentPath(other, words);
        if (path !== undefined && mayAppear(stack.stack, other, path))
          throw new NotSeen(`${path} may be made before: ${words}`);
      }
      return words === "" ? "nothing was missed" : "nothing that is missed is outside";
    });
    await scene.holds("there is an image", async () => {
      if (words !== "") throw new NotSeen(words, rootOf());
      return how;
    });
  },
});

function imageOf(lab: Lab, subject: string): LabImage {
  const image = lab.images.find(({ service }) => service === subject);
  if (!image) throw new NotSeen(lab.missing.get(subject) ?? "it is not in the lab", lab.rootOf(subject));
  return image;
}

/** Builds that a pipeline or a script asks for in another way than the services do, where all of it is known. */
function otherBuilds({ stack, project }: DrillStack): Build[] {
  const key = ({ context, dockerfilePath, target }: Build) =>
    [context, dockerfilePath, target?.value].join("\n");
  const seen = new Set(stack.builds.filter(build => build.project === project).map(key));
  return stack.builds.filter(build => {
    const { caller, contextState, dockerfileState, dockerfile, target, args, grade } = build;
    if (caller.kind === "compose" || grade === "development") return false;
    if (contextState !== "present" || dockerfileState !== "present" || !dockerfile) return false;
    if (dockerfile.stages.length === 0 || args.some(({ value }) => value?.text === undefined)) return false;
    if (/[$]|\{\{/.test(target?.value ?? "") || seen.has(key(build))) return false;
    seen.add(key(build));
    return true;
  });
}

function subjectOf(build: Build): string {
  return `${buildSubject(build)}, by ${callerName(build)}`;
}

const extra = "shipworthy-other-build";

/** As its caller asks for it, by the engine that builds the others, under a name of the lab. */
async function buildOther(lab: Lab, build: Build): Promise<LabImage> {
  const { engine, project, model } = lab;
  const copy = `${dirname(project.file)}/project`;
  const image = `shipworthy-lab/${lab.id}-${extra}:lab`;
  const service = {
    image,
    build: {
      context: join(copy, build.context!),
      dockerfile: join(copy, build.dockerfilePath!),
      ...(build.target ? { target: build.target.value } : {}),
      args: Object.fromEntries(build.args.map(({ name, value }) => [name, value!.text!])),
      labels: { [labLabel]: lab.id },
    },
  };
  await engine.write(project, { ...model, services: { ...model.services, [extra]: service } });
  try {
    const got = await engine.obtain(project, { name: extra, image, build: true });
    return { service: extra, how: got.ok ? got.how : "missing", ms: got.ms, words: got.ok ? "" : got.words };
  } finally {
    await engine.write(project, model);
  }
}

/** The path, relative to the root, that the builder looked for in the context and did not find. */
function absentPath({ context = "" }: Build, words: string): string | undefined {
  const path = /"\/?([^"]+)"[^"\n]*not found/.exec(words)?.[1];
  return path === undefined ? undefined : join(context, path);
}
